"""The sentences of an explanation, in zh and en; what is told stands in their braces."""

CHOSE = {
    "zh": ("，取其中的{}", "，取其中的{}"),
    "en": (", of which {} decides", ", of which {} decide"),
}
"""What one choice, and what several choices are told by."""
UNMET = {"zh": "，其中不满足：{}", "en": ", not met: {}"}
MET = {"zh": "，其中满足：{}", "en": ", met: {}"}
QUOTED = "“{}”"
ASSUMED = {"zh": "样例值，待运营方确认", "en": "sample value, to be confirmed by the operator"}
FORM = {
    "zh": "{title}：{outcome}。判定日 {on}。事实：{facts}。理由：{reasons}。",
    "en": "{title}: {outcome}. Governing day {on}. Facts: {facts}. Reasons: {reasons}.",
}
REFUSED = {
    "zh": "{title}：不作判定，{why}。",
    "en": "{title}: not decided: {why}.",
}
ROW = {"zh": "{name}第 {row} 行（{when}）", "en": "{name}, row {row} ({when})"}
CELLS = {
    "any": {"zh": "任意", "en": "any"},
    "otherwise": {"zh": "其余", "en": "otherwise"},
    "true": {"zh": "是", "en": "yes"},
    "false": {"zh": "否", "en": "no"},
}
SINCE = {"zh": "{act}，{day} 起", "en": "{act}, from {day}"}
CHOICE = {"zh": "采用的解释：{}", "en": "read as: {}"}
ELEMENTS = {"zh": "{name} 共 {count} 条{told}", "en": "{name}, {count} in all{told}"}
MORE = {"zh": "（另有 {} 条）", "en": " ({} more)"}
LATEST = {"zh": "，最近 {count} 条：{told}", "en": ", the last {count}: {told}"}
NOT_ASSESSED = {"zh": "未考核", "en": "not assessed"}
ELEMENT_NAME = {"zh": "第 {} 条", "en": "no. {}"}
COUNTS = {"zh": ("不计入", "计入"), "en": ("does not count", "counts")}
GROUP = {"zh": "{} 组", "en": "group {}"}
BY = {"zh": "，按{}", "en": ", by {}"}
PASSED_OVER = {
    "zh": "{name}：{told}早于 {since}，当时没有所用的规定，略过",
    "en": "{name}: {told} passed over, as nothing that is used here was in force before {since}",
}
EARLIER = {"zh": ("{} 条", "{} 条"), "en": ("{} element", "{} elements")}
WITHIN = {
    "zh": "{day} 在“{name}”内（{first} 至 {last}）",
    "en": "{day} lies in “{name}”, {first} to {last}",
}
SUSPENDED = {
    "zh": "{value}，因所依条款自 {since} 起暂停适用{until}",
    "en": "{value}, as its clause is suspended from {since}{until}",
}
UNTIL = {"zh": "，到 {} 前", "en": " until before {}"}
COMMA = {"zh": "、", "en": ", "}
SEMICOLON = {"zh": "；", "en": "; "}
COLON = {"zh": "：", "en": ": "}
ASIDE = {"zh": "（{}）", "en": " ({})"}

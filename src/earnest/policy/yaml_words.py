"""What YAML says of a text that it cannot read, in both languages and with what to write."""

import re

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_WIDE = {"，": ",", "：": ":", "｛": "{", "｝": "}", "［": "[", "］": "]", "“": '"', "”": '"'}
_SAID = (
    ("mapping values are not allowed", "这里不能再有冒号", "文本里有冒号的，请给整个文本加引号",
     "put a text that holds a colon in quotes"),
    ("could not find expected ':'", "缺少冒号", "键之后写冒号和一个空格",
     "write a colon and a space after the key"),
    ("but got ':'", "这里不能有冒号", "各项之间写逗号；文本里有冒号的，请给整个文本加引号",
     "part the entries with commas, and put a text that holds a colon in quotes"),
    ("expected ',' or '}'", "缺少逗号或右花括号", "各项之间写逗号，末尾写 }", ""),
    ("expected ',' or ']'", "缺少逗号或右方括号", "各项之间写逗号，末尾写 ]", ""),
    ("expected <block end>", "缩进不齐，或文本未加引号", "同一层的键请左对齐",
     "keys of one level start in the same column"),
    ("cannot start any token", "这个字符不能开头", "请改用空格缩进；以它开头的文本请加引号",
     "indent with spaces; put a text that starts with it in quotes"),
    ("undefined alias", "* 开头被当作引用", "以 * 开头的文本请加引号",
     "put a text that starts with * in quotes"),
    ("unexpected end of stream", "文件在此中断", "请检查引号和括号是否成对",
     "see that quotes and brackets come in pairs"),
    ("special characters are not allowed", "有不可见的控制字符", "请删去",
     "take the control character away"),
)  # fmt: skip
"""A part of what YAML says; what is wrong in Chinese; what to write, in Chinese and English."""


def yaml_words(said: str, line: str) -> tuple[str, str]:
    """Return a message of YAML with a way out, in Chinese and English.

    Takes: ``line`` is the line that it is about, or nothing.
    """
    known = next((each for each in _SAID if each[0] in said), None)
    zh, way_zh, way_en = known[1:] if known else ("此处无法读取", "请检查缩进、引号和括号", "")
    wide = next((each for each in _QUOTED.sub("", line) if each in _WIDE), "")
    if wide and "stream" not in said:
        right = _WIDE[wide]
        way_zh = f"{wide} 应写作 {right}；属于文本的，请给整个文本加引号"
        way_en = f"{wide} must be {right}, or put the text in quotes"
    return f"{zh}；{way_zh}", f"{said}; {way_en}" if way_en else said

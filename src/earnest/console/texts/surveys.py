"""Texts of the pages about campaigns, answers and scores, in Chinese and English."""

from typing import Final

SURVEYS: Final[dict[str, tuple[str, str]]] = {
    "menu.surveys": ("商家评价", "Surveys"),
    "survey.lead": (
        "每月邀请有往来的商家为服务商打分，五项加权平均为综合评分。答卷计入作答当月。",
        (
            "Each month merchants score the providers they dealt with; the weighted mean of five"
            " items is the composite. An answer counts in the month in which it is given."
        ),
    ),
    "survey.new": ("新建调查", "New campaign"),
    "survey.new_lead": (
        "先拟稿，确认后到时自动开始、提醒与截止。开始日与截止日须在被考核月份之内。",
        (
            "A draft asks nobody. Once confirmed it opens, reminds and closes by itself; both days"
            " lie in the month that is assessed."
        ),
    ),
    "survey.draft": ("保存草稿", "Save the draft"),
    "survey.plans": ("改进计划", "Improvement plans"),
    "survey.invitations": ("受访人", "Respondents"),
    "survey.results": ("各服务商结果", "Results by provider"),
    "survey.results_csv": ("导出结果 CSV", "Export results"),
    "survey.links_csv": ("导出未作答链接 CSV", "Export links not answered"),
    "survey.month": ("考核月", "Month"),
    "survey.days": ("作答期间", "Days"),
    "survey.drafted_by": ("拟稿", "Drafted by"),
    "survey.settled_by": ("处理", "Settled by"),
    "survey.about": ("评价范围", "About"),
    "survey.about_all": ("全部在营服务商", "all providers"),
    "survey.remind": ("提醒", "Reminders"),
    "survey.remind_said": (
        "每 {days} 天一次，最多 {most} 次",
        "every {days} day(s), {most} at most",
    ),
    "survey.remind_none": ("不提醒", "none"),
    "survey.corrections_said": ("答卷可修改 {n} 次", "an answer can be corrected {n} times"),
    "survey.mail": ("邮件", "Mail"),
    "survey_mail.waiting": ("待发送", "waiting"),
    "survey_mail.sent": ("已发送", "sent"),
    "survey_mail.failed": ("发送失败", "failed"),
    "survey_mail.dropped": ("无需发送", "not needed"),
    "survey_mail.no_address": ("无邮箱", "no address"),
    "survey_mail_outcome.bounced": (
        "邮箱不存在；请上传含正确邮箱的名单，再更换链接。",
        "no such mailbox; upload a list with the right address, then renew the link",
    ),
    "survey_mail_outcome.refused": ("邮件服务器多次拒收", "refused again and again"),
    "survey_mail_outcome.no_answer": ("邮件服务器无响应", "the mail server did not answer"),
    "survey_mail_outcome.link_key_changed": (
        "系统密钥已更换；请更换链接。",
        "the system's key has changed; renew the link",
    ),
    "survey.asked": ("邀请", "Asked"),
    "survey.excluded": ("不计", "Left out"),
    "survey.answers": ("有效答卷", "Valid answers"),
    "survey.rate": ("回收率", "Response"),
    "survey.composite": ("综合评分", "Composite"),
    "survey.floor": ("标准", "The mark"),
    "survey.nps": ("净推荐值", "Classic NPS"),
    "survey.nps_said": (
        "推荐 {promoters} · 中立 {passives} · 贬损 {detractors}；仅供参考，不作考核依据。",
        (
            "{promoters} promoters · {passives} passives · {detractors} detractors; for reading"
            " only, nothing is judged by it."
        ),
    ),
    "survey.state": ("结论", "Finding"),
    "survey.item": ("评分项", "Item"),
    "survey.mean": ("平均分", "Mean"),
    "survey.share": ("权重", "Weight"),
    "survey.measured": ("实测数据", "Measured"),
    "survey.measured_said": (
        "实测数据供对照，不计入综合评分。",
        "What is measured stands beside for comparison and does not enter the composite.",
    ),
    "survey.spread": ("分数分布", "How the scores lie"),
    "survey.trend": ("综合评分走势", "The composite over time"),
    "survey.comments": ("意见", "Comments"),
    "survey.comments_said": (
        "不显示姓名，排列与作答先后无关。",
        "Without names, in an order that tells nothing of who came when.",
    ),
    "survey.no_comments": ("没有填写意见", "No comments"),
    "survey.too_few": (
        "有效答卷 {n} 份，少于 {minimum} 份：本月不据此考核，也不处罚。",
        (
            "{n} valid answers of the {minimum} needed: the month is not assessed by them and no"
            " penalty follows."
        ),
    ),
    "survey.too_few_hidden": (
        "为保护受访人，答卷不足时不显示分数与意见。",
        "To protect respondents, scores and comments are not shown where there are too few.",
    ),
    "survey.equal": (
        "与当月指标一致：{points} / {answers}",
        "The same as the month's measure: {points} / {answers}",
    ),
    "survey.equal_not": (
        "当月指标为 {score}（另有其他来源的答卷）。",
        "The month's measure is {score}: other sources sent answers too.",
    ),
    "survey.one_sheet": (
        "任何页面都不显示单份答卷的分数。",
        "No page shows the scores of a single answer.",
    ),
    "survey.plan_before": ("上月改进计划", "The plan of the month before"),
    "survey.none": ("还没有调查", "No campaign yet"),
    "survey.own_results": ("历次结果", "Results so far"),
    "survey.bands": ("综合评分分布（服务商数）", "How the composites lie (providers)"),
    "survey.providers": ("服务商数", "Providers"),
    "survey.items": ("分项得分", "Item by item"),
    "survey.own_none": ("还没有关于您的调查结果", "No results about you yet"),
    "survey.own_lead": (
        "调查截止后显示结果。只有汇总，看不到单份答卷。",
        "Results are shown once a survey has closed: sums only, never a single answer.",
    ),
    "survey.ask_lead": (
        "请为本月合作过的服务商打分。答卷按化名统计，服务商看不到单份答卷。",
        (
            "Please score the providers that you dealt with this month. Answers are counted under a"
            " pseudonym; a provider never sees a single one."
        ),
    ),
    "survey.ask_none": ("目前没有需要您作答的调查", "Nothing waits for your answer"),
    "survey.answer": ("去评价", "Answer"),
    "survey.correct": ("修改", "Correct"),
    "survey.until": ("截止", "Until"),
    "survey.acts": ("操作", "What can be done"),
    "survey.act_done": ("已完成。", "Done."),
    "survey.invited_done": ("新邀请 {n} 人。", "{n} new invitation(s)."),
    "survey.list_label": ("受访人名单（CSV）", "List of respondents (CSV)"),
    "survey.list_hint": (
        (
            "列名：respondent（店铺编号或姓名）、provider_id，可加 address（邮箱，用于寄送链接）。"
            "已邀请的不重复邀请，只更新邮箱。"
        ),
        (
            "Columns: respondent (a shop's id or a name), provider_id, and if you like address,"
            " where the link is mailed to. Who was invited already only takes a new address."
        ),
    ),
    "survey.list_missing": ("请选择 CSV 文件。", "Choose a CSV file."),
    "survey.list_too_large": (
        "文件不能超过 {n} MB，请分次上传。",
        "A file has at most {n} MB; send it in parts.",
    ),
    "survey.preview": (
        "按目前数据将邀请 {n} 人，其中 {out} 人因与服务商同一主体不计。",
        "By now it would ask {n}, {out} of them not counted: of the provider's own entity.",
    ),
    "survey.who": ("受访人", "Respondent"),
    "survey.code": ("化名", "Pseudonym"),
    "survey.invited_at": ("邀请时间", "Invited at"),
    "survey.reminded_times": ("提醒次数", "Reminders"),
    "survey.reason": ("原因", "Reason"),
    "survey.note": ("说明", "Note"),
    "survey.exclude": ("不计此人", "Leave out"),
    "survey.readmit": ("恢复计入", "Count again"),
    "survey.final_from": (
        "评分定稿前可以不计或恢复计入；定稿时间：",
        "Respondents can be left out or counted again until the scores are final:",
    ),
    "survey.is_final": (
        "评分已定稿，考核以此为准；此后只能经申诉更正。定稿时间：",
        "The scores are final, the month is assessed by them, only an appeal corrects them. Since:",
    ),
    "survey.renew": ("更换链接", "Renew the link"),
    "survey.link_is": ("新链接（旧链接已失效）：", "The new link; the old one is dead:"),
    "survey.link": ("链接", "Link"),
    "cure.lead": (
        "评分低于标准的月份，服务商可写明改进事项与期限。计划在下月考核时一并展示，不改变处罚。",
        (
            "After a month below the mark a provider may say what it will do and by when. The plan"
            " is shown with the next month's assessment and changes no penalty."
        ),
    ),
    "cure.none": ("没有改进计划", "No improvement plan"),
    "cure.title": ("{month} 改进计划", "Improvement plan for {month}"),
    "cure.until": ("最迟提交", "File until"),
    "cure.ball": ("轮到", "Whose turn"),
    "cure.items": ("改进事项", "What will be done"),
    "cure.by": ("完成日期", "By"),
    "cure.what": ("事项", "What"),
    "cure.story": ("经过", "What happened"),
    "cure.not_filed": ("尚未提交", "Not filed yet"),
    "cure.item_wrong": (
        "第 {n} 行应写作“日期 事项”，例如 2025-11-15 增加夜班客服。",
        (
            "Line {n} is written as a day and what will be done, such as 2025-11-15 more staff at"
            " night."
        ),
    ),
    "cure_ball.provider": ("服务商", "the provider"),
    "cure_ball.operator": ("平台", "the marketplace"),
    "cure_ball.nobody": ("无", "nobody"),
    "asked.survey_month": ("考核月", "Month"),
    "asked_hint.survey_month": ("写作 2025-10。", "Written 2025-10."),
    "asked.survey_opens": ("开始日", "First day"),
    "asked.survey_closes": ("截止日", "Last day"),
    "asked.survey_asks": ("调研对象", "Who is asked"),
    "asked.survey_providers": ("服务商编号", "Providers"),
    "asked_hint.survey_providers": (
        "每行一个；留空为全部在营服务商。",
        "One id a line; left empty: all that take part.",
    ),
    "asked.survey_name_zh": ("中文名称", "Chinese name"),
    "asked.survey_name_en": ("英文名称", "English name"),
    "asked.survey_corrections": ("允许修改答卷的次数", "Corrections of an answer"),
    "asked_hint.survey_corrections": (
        "截止前每份答卷最多修改的次数；0 为提交后不可修改。",
        "How often a respondent may change it before the end; 0 for never.",
    ),
    "asked.survey_remind": ("提醒间隔（天）", "Days between reminders"),
    "asked_hint.survey_remind": (
        "最多提醒两次，其中邮件一次；0 为不提醒。",
        "Two reminders at most, one of them by mail; 0 for none.",
    ),
    "asked.cure_items": ("改进事项", "What you will do"),
    "asked_hint.cure_items": (
        "每行一项，先写完成日期再写事项：2025-11-15 增加夜班客服",
        "One thing a line, the day first: 2025-11-15 more staff at night",
    ),
    "asked.cure_note": ("说明", "Note"),
    "survey_asks.market": ("当月往来商家", "Merchants of the month"),
    "survey_asks.list": ("指定名单", "A list"),
    "survey_state.draft": ("草稿", "Draft"),
    "survey_state.scheduled": ("待开始", "Scheduled"),
    "survey_state.open": ("进行中", "Open"),
    "survey_state.closed": ("已截止", "Closed"),
    "survey_state.withdrawn": ("已撤回", "Withdrawn"),
    "survey_act.schedule": ("确认，到时开始", "Confirm"),
    "survey_act.withdraw": ("撤回", "Withdraw"),
    "survey_act.close": ("提前截止", "Close now"),
    "survey_act.invite": ("上传并邀请", "Upload and invite"),
    "respondent_state.waiting": ("待作答", "Waiting"),
    "respondent_state.answered": ("已作答", "Answered"),
    "respondent_state.expired": ("未作答", "Not answered"),
    "respondent_state.left_out": ("不计", "Left out"),
    "exclusion.own_staff": ("服务商自己人", "the provider's own people"),
    "exclusion.related": ("与服务商同一主体", "the provider's own entity"),
    "exclusion.pressure": ("受到压力或诱导", "pressed or paid to answer"),
    "exclusion.no_dealings": ("当月无往来", "no dealings in the month"),
    "exclusion.duplicate": ("重复受访", "the same person twice"),
    "exclusion.other": ("其他", "another reason"),
    "survey_finding.met": ("达到标准", "Meets the mark"),
    "survey_finding.below": ("低于标准", "Below the mark"),
    "survey_finding.too_few": ("答卷不足", "Too few answers"),
    "survey_item.information": ("商品信息", "Goods information"),
    "survey_item.goods": ("商品质量", "Quality of goods"),
    "survey_item.shipping": ("发货速度", "Shipping"),
    "survey_item.after_sales": ("售后时效", "After-sales"),
    "survey_item.replies": ("客服响应", "Replies"),
    "survey_hint.information": (
        "商品信息是否真实、完整？",
        "Is what it says of its goods true and complete?",
    ),
    "survey_hint.goods": (
        "商品质量如何？请结合买家反馈与退货情况。",
        "How good are its goods, by your buyers' words and their returns?",
    ),
    "survey_hint.shipping": (
        "从确认订单到发出有多快？",
        "How fast does an order leave after it is confirmed?",
    ),
    "survey_hint.after_sales": (
        "退货、换货、维修处理得有多快？",
        "How fast are returns, exchanges and repairs handled?",
    ),
    "survey_hint.replies": (
        "客服回复是否及时，问题是否解决？",
        "Does it reply soon, and are problems solved?",
    ),
    "survey_measure.returns": ("退换货订单 ÷ 签收订单", "Orders sent back, of those signed for"),
    "cure_state.asked": ("待提交", "To be filed"),
    "cure_state.lapsed": ("逾期未提交", "Not filed in time"),
    "cure_state.filed": ("待受理", "Filed"),
    "cure_state.accepted": ("已受理", "Accepted"),
    "cure_state.sent_back": ("已退回", "Sent back"),
    "cure_step.filed": ("提交计划", "Filed"),
    "cure_step.accepted": ("受理", "Accepted"),
    "cure_step.sent_back": ("退回", "Sent back"),
    "cure_step.reported": ("反馈进展", "Progress reported"),
    "cure_act.file": ("提交计划", "File the plan"),
    "cure_act.accept": ("受理", "Accept"),
    "cure_act.send_back": ("退回", "Send back"),
    "cure_act.report": ("反馈进展", "Report progress"),
    "sheet.title": ("评价服务商", "Rate a provider"),
    "sheet.lead": (
        "请按本月合作情况打分，0 为最差，10 为最好。",
        "Please score this month's dealings: 0 is worst, 10 is best.",
    ),
    "sheet.private": (
        "服务商只能看到汇总，看不到您的这份答卷。",
        "The provider sees sums only, never this answer.",
    ),
    "sheet.overall": (
        "您有多大可能把这家服务商推荐给同行？",
        "How likely are you to recommend this provider to others in the trade?",
    ),
    "sheet.comment": ("其他意见（选填）", "Anything else (optional)"),
    "sheet.send": ("提交", "Send"),
    "sheet.send_again": ("提交修改", "Send the correction"),
    "sheet.keep": ("不修改", "Leave it as it is"),
    "sheet.thanks": ("感谢您的评价", "Thank you"),
    "sheet.already": ("您已评价过", "You have answered"),
    "sheet.sent_at": ("提交于 {at}。", "Sent at {at}."),
    "sheet.may_correct": (
        "{day} 结束前还可修改 {n} 次，以最后一次为准。",
        "Until the end of {day} you may correct it, {n} more times; the last one counts.",
    ),
    "sheet.no_more": (
        "修改次数已用完，以这一次为准。",
        "It cannot be corrected any more; this one counts.",
    ),
    "sheet.correct": ("修改我的评价", "Correct my answer"),
    "sheet.others": ("您还可以评价", "You may also rate"),
    "sheet.over": ("本次调查已截止", "This survey is over"),
    "sheet.over_said": (
        "答卷不再接受，感谢关注。",
        "No answer is taken any more. Thank you all the same.",
    ),
    "sheet.early": ("本次调查尚未开始", "This survey has not begun"),
    "sheet.early_said": (
        "将于 {day} 开始，届时请再打开此链接。",
        "It begins on {day}; please open this link again then.",
    ),
    "sheet.cancelled": ("这份邀请已取消", "This invitation was cancelled"),
    "sheet.cancelled_said": ("无需作答。", "There is nothing to answer."),
}

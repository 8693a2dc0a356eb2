"""Why an act of the crew is not possible now, and what to do instead."""

TABLE = {
    # people
    "no_badge": ("这不是工牌,请扫工牌", "this is no badge: scan your badge"),
    "unknown_person": ("名单里没有此人,请主管登记", "not in the people list: ask the supervisor"),
    "no_pin": ("没有设密码,请扫工牌", "no PIN is set: use your badge"),
    "wrong_pin": ("密码不对,还可试{left}次", "wrong PIN; tries left: {left}"),
    "pin_locked": (
        "密码已锁,等{seconds}秒,或请主管扫工牌解锁",
        "PIN locked: wait {seconds} s, or a supervisor's badge",
    ),
    "no_unlocker": ("只有领班或主管的工牌能解锁", "only a leader's or supervisor's badge unlocks"),
    "not_of_crew": ("此人不在本班", "not of this crew"),
    "crew_first": (
        "巡更未完:请本班人员解锁,或主管扫工牌;{time}后别人也可签到",
        "a round is open: its crew unlocks, or a supervisor; from {time} on anybody signs in",
    ),
    "recheck_early": ("走到第一个点以后再签", "sign in again after the first stop"),
    "no_shift": ("还没有人签到,请先签到", "nobody is signed in: sign in first"),
    "locked": ("已锁,请本班人员先签到", "locked: one of the crew signs in first"),
    # rounds
    "round_open": ("还有一轮没走完,请先结束", "a round is open: finish it first"),
    "no_round": ("没有在走的轮次", "no round is being walked"),
    "not_due": ("计划里已没有这一轮", "this round is no longer in the plan"),
    "plan_gone": (
        "找不到本轮的计划,请结束本轮",
        "the plan of this round is lost: finish the round",
    ),
    "crew_short": ("需要{needed}人,一人走请选原因", "{needed} people needed: choose why alone"),
    "post_stays": ("{name}在岗不能离开,不能走轮次", "{name} must stay at the post, not walk"),
    "unknown_reason": ("请从表里选原因", "choose a reason from the list"),
    "skip_done": ("这个点已巡过,不能跳过", "this stop is done: it cannot be skipped"),
    # checks
    "no_check": ("这个点没有这一项", "this stop has no such check"),
    "answer_ok": ("按1正常,按2不正常", "press 1 for OK, 2 for not OK"),
    "answer_choice": ("请按1到{count}", "press 1 to {count}"),
    "answer_number": (
        "请输数字,最多{digits}位,小数{decimals}位",
        "type a number: {digits} digits, {decimals} decimals",
    ),
    "answer_count": ("请输0到{total}的数", "type a number from 0 to {total}"),
    "answer_score": ("没有这个扣分原因,或这项已扣完", "no such deduction, or the item has no points left"),
    "answer_text": ("请先输入文字", "type something first"),
    # findings
    "unknown_phrase": ("请从表里选问题", "choose the problem from the list"),
    # disk
    "not_recorded": ("没有记上,请再做一次", "not recorded: do it again"),
    "in_doubt": (
        "存储没有答复,不知道记上没有。请马上再做一次",
        "the storage does not answer: nobody knows if that was recorded. Do it again at once",
    ),
}

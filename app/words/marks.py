"""Marks: what a supervisor should see. Named like app.duties.evidence.Mark; `why_` tells the meaning and what to do."""

TABLE = {
    "early": ("早到", "early"),
    "late": ("迟到", "late"),
    "out-of-order": ("次序不对", "out of order"),
    "too-fast": ("走得太快", "too fast to have walked"),
    "weak-evidence": ("证据偏弱", "weak evidence"),
    "ambiguous": ("两点难分", "two points at once"),
    "crew-short": ("人数不足", "crew too small"),
    "no-recheck": ("同伴途中没再签", "partner not seen again"),
    "out-of-limits": ("读数超限", "reading out of limits"),
    "unknown-tag": ("未登记的码或信标", "unknown tag or code"),
    "wrong-point": ("不是这个点", "wrong point"),
    "other-address": ("信标地址不符", "beacon from another address"),
    "old-label": ("旧标签", "old label"),
    "clock-jump": ("时钟跳变", "clock jumped"),
    "skipped": ("跳过", "skipped"),
    "unanswered": ("未查完", "checks not finished"),
    "cloned-tag": ("信标疑被复制", "copied beacon?"),
    "counter-back": ("信标计数不对", "beacon's counter wrong"),
    "two-places": ("信标两处出现", "beacon in two places"),
    "silent-tag": ("信标没声音", "beacon silent"),
    "impossible-walk": ("不可能走到", "no way to be here so soon"),
    "label-only": ("只扫了标签", "label only"),
    "to-verify": ("待办公室核验", "office will verify"),
    "worn-label": ("标签磨损", "label worn"),
    "sensor-read": ("传感器读数", "read by a sensor"),
    "overruled": ("改了传感器读数", "sensor overruled"),
    "meter-back": ("表数变小", "meter went back"),
    "meter-exchanged": ("换表", "meter exchanged"),
    "always-same": ("总是同一个数", "always the same figure"),
    "too-quick": ("答得太快", "answered too quickly"),
    "unbalanced": ("三相不平衡", "phases unbalanced"),
    "named-only": ("按名单签到", "signed in by name"),
    "why_early": ("在时段开始前到达。", "Reached before the window began."),
    "why_late": ("在时段结束后到达。", "Reached after the window had ended."),
    "why_out-of-order": ("没有按要求的次序走。", "Not walked in the order asked for."),
    "why_too-fast": (
        "从上一点沿路线走到这里,用的时间比最短步行时间还短。",
        "Less time from the stop before than anybody needs to walk it along the route.",
    ),
    "why_too-fast_figures": (
        "从上一点到这里只用了{took}秒,最短要{least}秒。",
        "{took} s from the stop before; nobody walks it in less than {least} s.",
    ),
    "why_weak-evidence": ("证据比这个点要求的弱。", "The evidence is weaker than this point asks for."),
    "why_weak-evidence_figures": (
        "这个点要求{wanted},实际只有{got}。",
        "This point asks for {wanted}; there is only {got}.",
    ),
    "why_ambiguous": ("同时听到别的点的信标,分不清在哪一点。", "Another point's beacon was heard as well."),
    "why_crew-short": ("计划要求的人数没有到齐。", "Fewer people than the plan asks for."),
    "why_no-recheck": ("同伴途中没有再签。", "The partner was not identified again on the way."),
    "why_out-of-limits": ("有读数超出正常范围。", "A reading is outside its normal range."),
    "why_unknown-tag": ("读到没有登记的信标或码。", "An unknown beacon or code was read."),
    "why_wrong-point": ("读到的是别的点。", "It belongs to another point."),
    "why_other-address": (
        "信标的蓝牙地址与登记的不符:可能换过,也可能被复制。",
        "The beacon's address is not the one on file: replaced, or copied.",
    ),
    "why_old-label": ("标签是旧的,已换过新签。", "An older label; a newer one was issued."),
    "why_clock-jump": (
        "手持机的时钟在上一次到点之后跳变过。",
        "The handheld's clock jumped since it was last at a point.",
    ),
    "why_skipped": ("这个点没有去,原因见记录。", "This point was skipped; the reason is recorded."),
    "why_unanswered": ("结束时还有检查项没做。", "Some checks were still open at the end."),
    "why_cloned-tag": (
        "同一个信标从两个地址发出,或者发的是过时的内容:可能有人复制。改扫标签;主管到现场核对信标。",
        "One beacon was heard from two addresses, or sent what is out of date: somebody may have copied it. "
        "Read the label; the supervisor checks the beacon on the spot.",
    ),
    "why_counter-back": (
        "信标自己的计数倒退或走得不合理。刚换过电池就没事,否则可能是录下来重放: 核对信标。",
        "The beacon's own counter went back or ran ahead. A new battery explains it; else it may be a recording: "
        "check the beacon.",
    ),
    "why_two-places": (
        "同一个信标在两处听到,来不及走过去:被挪动、装错或复制。到现场核对它装在哪里。",
        "One beacon was heard in two places too far apart: moved, mounted wrongly or copied. See where it hangs.",
    ),
    "why_silent-tag": (
        "蓝牙正常,连续几次都没听到这个点的信标:多半没电或丢了。派维修工去换电池。",
        "The radio worked, but this point's beacon was not heard several times running: its battery is flat, or it is "
        "gone. Send the fitter.",
    ),
    "why_impossible-walk": (
        "离上一次到点的时间太短,走哪条路都到不了这里。主管问清两处是不是本人到场。",
        "Too soon after the arrival before: no way leads here in that time. Ask who stood at which of the two.",
    ),
    "why_label-only": (
        "这里装有信标,却只读到标签,而标签可以拍照。记录里写着当时蓝牙是否正常;下次站近些。",
        "There is a beacon here, but only the label was read, and a label can be photographed. The record tells "
        "whether the radio worked; stand closer next time.",
    ),
    "why_to-verify": (
        "信标的内容加了密,只有办公室能核验。巡更人不用做什么。",
        "What the beacon sent is enciphered, and only the office can verify it. The crew has nothing to do.",
    ),
    "why_worn-label": (
        "标签还能读,但已经磨损。重新打印一张贴上。",
        "The label can still be read but is worn. Print it again and replace it.",
    ),
    "why_sensor-read": (
        "这个数是传感器报的,不是人读的。看着不对就改,并写原因。",
        "A sensor told this figure, nobody read it. If it looks wrong, change it and say why.",
    ),
    "why_overruled": (
        "巡更人没有用传感器的数,原因见记录。核对传感器。",
        "The crew did not take the sensor's figure; the reason is recorded. Check the sensor.",
    ),
    "why_meter-back": (
        "表数比上次小,又没有换表可以解释: 看错、抄错,或者换表的数对不上。到现场核对。",
        "The meter shows less than last time and no exchange explains it: misread, mistyped, or the figures of the "
        "exchange do not fit. Read it again on the spot.",
    ),
    "why_meter-exchanged": (
        "换了表,旧表止数和新表起数写在记录里。用量从新表接着算。",
        "The meter was exchanged; the record tells the old one's last reading and the new one's first. Counting goes "
        "on with the new one.",
    ),
    "why_always-same": (
        "连续五次都是同一个数,而这个数本来会变。可能没有看表,或者表停了。",
        "Five times running the same figure, of something that moves: nobody looked, or the gauge stands still.",
    ),
    "why_too-quick": (
        "从到点到全部答完,时间比读一遍还短。问一问怎么检查的。",
        "All checks were answered sooner after arriving than they can be read. Ask how they were made.",
    ),
    "why_named-only": (
        "签到时没刷工牌也没输密码: 选的姓名,或由领班统一签到。计划允许这个岗位这样签。",
        "Signed in without badge or PIN: by name, or by the team's leader. The plan lets this role do so.",
    ),
    "why_unbalanced": (
        "三相相差超过计划规定的百分比。派维修工看负荷分配。",
        "The phases differ by more than the plan allows. Send the fitter to look at the loads.",
    ),
}

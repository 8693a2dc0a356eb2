"""`watchbook scan --calibrate`: what an installer is told while measuring a tag at the reading point."""

TABLE = {
    "stand": (
        "{place}: 站在读点的位置,像巡更时一样拿着手持机,别动。每个信标听{count}次,最多{limit}秒",
        "{place}: stand where the crew will stand, hold the handheld as on a round, and keep still. "
        "samples of each tag: {count}, {limit} s at most",
    ),
    "progress": ("{tag}  {n}/{count}  {level} dBm", "{tag}  {n}/{count}  {level} dBm"),
    "measured": (
        "{tag}: 中位 {level} dBm,中间一半 {low} 到 {high};从 {enter} dBm 起算到位",
        "{tag}: median {level} dBm, the middle half {low} to {high}; near from {enter} dBm",
    ),
    "plan": ("写进计划: {line}", "into the plan: {line}"),
    "bind": (
        "地址固定的信标可再绑定地址: {line}",
        "a tag that never changes its address can be bound to it as well: {line}",
    ),
    "rival": (
        "注意: {place}的信标在这里有 {level} dBm,太近,到时会要求扫标签。把两个信标的发射功率都调小,再测",
        "mind: the tag of {place} has {level} dBm here, too close, so the label will be asked for. Lower the sending "
        "power of both tags and measure again",
    ),
    "silent": (
        "{tag}: {limit}秒内没听到。看信标有没有电、编号对不对、装的是不是这里",
        "{tag}: not heard within {limit} s. See that it has power, that the identity is right, and that it hangs here",
    ),
    "few": (
        "{tag}: {limit}秒只听到{n}次,要{count}次。发送间隔调到500毫秒以内,或站近些,再测",
        "{tag}: heard {n} times in {limit} s, {count} are needed. Let it send every 500 ms or oftener, or stand closer",
    ),
    "unsteady": (
        "{tag}: 信号不稳,中间一半在 {low} 到 {high} dBm。站住别动,信标离金属远些,再测",
        "{tag}: too unsteady, the middle half lies from {low} to {high} dBm. Keep still, and the tag away from metal",
    ),
    "weak": (
        "{tag}: 只有 {level} dBm,太弱,哪里听到都会算到位。装近些或换位置,再测",
        "{tag}: only {level} dBm, too weak: it would count from anywhere. Mount it closer, and measure again",
    ),
    "two": (
        "{tag}: 有几个设备在发同一个编号: {addresses}。只能留一个;不认识的可能是复制的",
        "{tag}: several devices send this identity: {addresses}. One may stay; the unknown one may be a copy",
    ),
    "recorded": (
        "已记在本机第{seq}条,同步后办公室能看到",
        "recorded here as no. {seq}; the office sees it after the next sync",
    ),
    "no_book": ("这里没有记录本,没有记录,只给出结果", "there is no book here, so nothing was recorded"),
    "no_plan": (
        "本机还没有计划: 用 --tag 格式:编号 说明测哪个信标",
        "this handheld has no plan yet: name the tag with --tag FORMAT:ID",
    ),
    "no_point": (
        "计划里没有这个点: {point}。还没写进计划的,用 --tag 格式:编号",
        "the plan has no point {point}. For one that is not in it yet, use --tag FORMAT:ID",
    ),
    "no_tags": (
        "计划里这个点没有信标: {point}。用 --tag 格式:编号",
        "the plan gives {point} no tag: use --tag FORMAT:ID",
    ),
    "bad_point": ("点的编号不对: {point}", "no id of a point: {point}"),
    "bad_tag": (
        "--tag 要写成 格式:编号,如 ibeacon:UUID/1/7;格式: {formats}",
        "--tag is FORMAT:ID, as in ibeacon:UUID/1/7; formats: {formats}",
    ),
    "tag_alone": ("--tag 要和 --calibrate 一起用", "--tag goes with --calibrate"),
}

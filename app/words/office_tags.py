"""Sentences about tags that have a key: on the office's command line."""

TABLE = {
    "bad_key": ("密钥是{digits}位十六进制数", "a key is {digits} hex digits"),
    "one_key": (
        "请用 --eid 或 --bthome 给出一种密钥；写“-”则从标准输入读取",
        "give one key, with --eid or with --bthome; `-` reads it from standard input",
    ),
    "bad_exponent": (
        "--k 要是 {least} 到 {most}：更快的轮换，手持机带不下那么多识别码",
        "--k is {least} to {most}: with faster changes the identities would be more than a handheld can carry",
    ),
    "no_tag": (
        "{site} 的计划里没有信标 {format}：{tag}。先导入写有它的计划",
        "the plan of {site} has no tag {format}: {tag}. Import a plan that has it first",
    ),
    "too_many": (
        "该小区的轮换识别码会有{count}个，最多{most}个。请把一些信标的轮换调慢（--k 加大）",
        "identities of the site to send: {count}, at most {most}: let some change more slowly (a higher --k)",
    ),
    "told": (
        "{site} {tag}：密钥已记下（第{issue}次），从 {since} 起有效",
        "{site} {tag}: key taken (number {issue}), good from {since}",
    ),
    "told_clock": ("它的时钟当时为{counter}秒", "its clock stood at {counter} s then"),
    "clock": ("信标时钟偏差{seconds}秒", "its clock is off by {seconds} s"),
    "no_keys": ("没有已知密钥的信标", "no tag has a key here"),
    "listed": ("{site}  {format}  {tag}  第{issue}次  {since}", "{site}  {format}  {tag}  number {issue}  {since}"),
    "without_key": (
        "{count}个信标还没有密钥，手持机认不出它们：{tags}。用 tag key 录入",
        "no key yet for {count} of the tags, so handhelds cannot know them: {tags}. Enter it with `tag key`",
    ),
}

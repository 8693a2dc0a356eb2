"""Why the radio does not hear, and how to go on. Two lines of 38 cells at most, on a small screen.

`hardware.ble.fault_of` says which failure gets which sentence. Then, what is wrong in a feed.
"""

TABLE = {
    "absent": ("本机没有蓝牙,请扫标签", "no Bluetooth here: scan the label"),
    "off": ("蓝牙关着:请打开,或直接扫标签", "Bluetooth is off: turn it on, or scan the label"),
    "denied": (
        "没有蓝牙权限:请扫标签,并报管理员",
        "Bluetooth not permitted: scan the label, tell the administrator",
    ),
    "service": (
        "蓝牙服务没开:请扫标签,并报管理员",
        "Bluetooth service stopped: scan the label, tell the administrator",
    ),
    "bus": (
        "蓝牙用不了:请扫标签,并报管理员",
        "Bluetooth cannot be used: scan the label, tell the administrator",
    ),
    "old": (
        "蓝牙服务太旧:请扫标签,并报管理员",
        "Bluetooth service too old: scan the label, tell the administrator",
    ),
    "busy": ("蓝牙正忙,还在试;可先扫标签", "Bluetooth is busy, trying on: or scan the label"),
    "hung": ("蓝牙没应答,还在试;可先扫标签", "Bluetooth does not answer, trying on: or scan the label"),
    "failed": ("蓝牙出错,还在试;可先扫标签", "Bluetooth failed, trying on: or scan the label"),
    "garbled": (
        "蓝牙信号读不出,请扫标签,并报管理员",
        "Bluetooth cannot be read: scan the label, tell the administrator",
    ),
    "none": ("扫墙上的标签,或按1输码", "Scan the label, or press 1"),
    "stuck": ("久未听到信号,蓝牙可能失灵,可扫标签", "nothing heard: Bluetooth may be stuck, scan the label"),
    "resting": ("蓝牙已歇下省电,按任意键再找", "Bluetooth rests to save power: press any key"),
    "feed_missing": ("回放文件打不开", "the feed cannot be opened"),
    "feed_line": ("回放文件有一行写错,已跳过", "a line of the feed is wrong and was skipped"),
    "feed_open": ("回放文件{path}打不开:{why}", "cannot open the feed {path}: {why}"),
    "feed_json": ("回放第{line}行不是JSON对象,已跳过", "feed line {line} is not a JSON object: skipped"),
    "feed_long": ("回放第{line}行太长,已跳过", "feed line {line} is too long: skipped"),
    "feed_field": ("回放第{line}行的{field}不对,已跳过", "feed line {line}: {field} is wrong: skipped"),
    "feed_empty": ("回放第{line}行没有ble、qr或adapter,已跳过", "feed line {line} has no ble, qr or adapter: skipped"),
}

"""Releases at the office: what is offered to which handhelds."""

TABLE = {
    "no_key": (
        "还没有设定发布方公钥，发布文件无法核对。先运行：watchbook-office release key publisher.pem",
        "no publisher's key is known, so no release can be checked. First: watchbook-office release key publisher.pem",
    ),
    "other_file": (
        "已有另一个 {version}（{arch}）的发布文件。内容改了，版本号也要改",
        "another file of {version} for {arch} is here: what is not the same needs another version",
    ),
    "unknown": ("没有 {version} 这个版本", "there is no release {version}"),
    "still_offered": (
        "{version} 还在发放。先运行：watchbook-office release withdraw {version} --all",
        "{version} is still offered. First: watchbook-office release withdraw {version} --all",
    ),
    "bad_ring": (
        "批次名用小写字母、数字和 -，最多24个，不能是 {ring}",
        "a ring's name is small letters, digits and -, at most 24, not {ring}",
    ),
    "which_ring": (
        "说明发给谁：--ring 批次名，或 --all",
        "say to whom: --ring NAME, or --all",
    ),
    "unread": ("读不出 {path}：{why}", "{path} cannot be read: {why}"),
    "too_large": ("文件太大：最多 {mib} MiB", "the file is too large: at most {mib} MiB"),
    # what was done
    "trusted": (
        "只收用这个公钥签名的发布文件：{key}",
        "releases must be signed with this key from now on: {key}",
    ),
    "added": ("已收进 {version}（{arch}，{mib} MB）", "{version} for {arch} was taken in ({mib} MB)"),
    "offered": ("{version} 已发给{ring}", "{version} is offered to {ring}"),
    "withdrawn": ("{version} 不再发放（取消{n}处）", "{version} is offered no more (withdrawn: {n})"),
    "removed": ("已删掉 {version} 的文件", "the file of {version} was dropped"),
    "everybody": ("全部手持机", "all handhelds"),
    "ring": ("批次 {ring}", "ring {ring}"),
    "none": ("还没有发布文件", "no releases yet"),
    "listed": (
        "{version} {arch} {mib} MB {added} 发给：{rings} 已用上：{n}台",
        "{version} {arch} {mib} MB {added}  {rings}  run by {n}",
    ),
    "to_nobody": ("没有发", "offered to nobody"),
    # the page
    "title": ("手持机程序", "Programs of handhelds"),
    "page_line": (
        "手持机空闲充电时下载，无人值班时自动更换；新程序起不来，手持机自己换回原来的。先发给一个批次，没有问题再发给全部。",
        "Handhelds fetch a program while idle and charging and change between two shifts; one that does not start is "
        "taken back by the handheld itself. Offer it to one ring first, and to all when that went well.",
    ),
    "version": ("版本", "Version"),
    "added_at": ("收进时间", "Taken in"),
    "offered_to": ("发给", "Offered to"),
    "runs": ("已用上", "Run by"),
    "offer_to": ("发放", "Offer to"),
    "offer": ("发给批次", "Offer to the ring"),
    "offer_all": ("发给全部", "Offer to all"),
    "ring_name": ("批次名", "Name of the ring"),
    "withdraw": ("不再发", "Withdraw"),
    "remove": ("删除文件", "Drop the file"),
    "others": ("手持机上还有别的版本：", "Handhelds also run:"),
    "troubles": ("没有换上的手持机", "Handhelds that did not take it"),
    "site": ("项目", "Site"),
    "add": ("收进发布文件", "Take a release in"),
    "file": ("发布文件（watchbook-版本-处理器.tar）", "The file (watchbook-VERSION-ARCH.tar)"),
    "trusts": ("只收用发布方公钥 {key}… 签名的文件。", "Only files signed with the publisher's key {key}… are taken."),
    "all_sites": (
        "程序发给所有项目的手持机，只有管全部项目的管理员账号才能改",
        "programs go to handhelds of every site: only an administrator of all sites changes this",
    ),
    "page_what": ("没有说明要做什么", "it was not said what to do"),
    "page_no_ring": ("先填批次名", "name the ring first"),
    "page_offered": ("{version} 已发放", "{version} is offered"),
    "page_withdrawn": ("{version} 不再发给它", "{version} is not offered there any more"),
    "page_removed": ("{version} 的文件已删除", "the file of {version} was dropped"),
    "page_added": ("已收进 {version}。现在发给一个批次", "{version} was taken in. Offer it to a ring now"),
}

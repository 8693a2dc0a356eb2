"""Handing records over with no network: a USB stick or a folder that somebody carries."""

TABLE = {
    # the handheld's command
    "given": (
        "已存到 {folder}:{records}条,{files}个文件。交给办公室或另一台手持机,带回回执前不要删除",
        "On {folder} now: records {records}, files {files}. Take it to the office or another handheld; keep it until "
        "a receipt comes back",
    ),
    "nothing": ("没有要转交的:办公室都已收到", "Nothing to hand over: the office has everything"),
    "receipts": ("收到办公室回执,还有{pending}条未送达", "The office's receipt is taken in; not sent yet: {pending}"),
    "passed_on": ("替其他手持机放了{count}份回执", "Receipts put there for other handhelds: {count}"),
    "taken": (
        "代收{files}个文件,共{records}条。联网后自动送办公室",
        "Taken along: files {files}, records {records}. They go to the office with the next exchange",
    ),
    "taken_none": ("没有新的转交文件", "No new hand-off files there"),
    "trouble": ("{file}:{why}", "{file}: {why}"),
    # the office's command
    "took_in": (
        "手持机 {device}:新收{accepted}条,已收到第{upto}条。回执已放在文件旁",
        "Handheld {device}: {accepted} new records, all up to {upto} are held. The receipt lies beside the file",
    ),
    "took_in_copy": (
        "手持机 {device}:新收{accepted}条,已收到第{upto}条。副本原样未动,没有放回执:这台修好再用时会自己同办公室核对,"
        "不会重复",
        "Handheld {device}: {accepted} new records, all up to {upto} are held. The copy is as it was, no receipt is "
        "left there: should the handheld run again, it asks the office, and nothing comes twice",
    ),
    "copy_empty": ("副本里没有办公室还缺的记录", "The copy holds nothing that the office lacks"),
    "no_receipt_written": (
        "手持机 {device}:新收{accepted}条,已收到第{upto}条。回执写不上({why})",
        "Handheld {device}: {accepted} new records, all up to {upto} held. The receipt could not be written ({why})",
    ),
    "withdrawn": (
        "手持机 {device} 已停用,这些记录另存待查",
        "Handheld {device} is withdrawn: its records are set aside for a person to look at",
    ),
    "no_files": ("{folder} 里没有转交文件", "There are no hand-off files in {folder}"),
    # why a file, or a stick, is refused
    "no_stick": ("找不到 {folder}", "{folder} is not there"),
    "stick": (
        "{folder} 出错({why})。本机记录不受影响,请换一个再试",
        "{folder} failed ({why}). The records here are unharmed: try another one",
    ),
    "foreign": ("不是转交文件", "this is no hand-off file"),
    "torn": ("文件不完整,一条也没有收。请重新转交", "the file is not whole, nothing of it was taken: hand over again"),
    "changed": (
        "内容与签名不符,一条也没有收。请重新转交;仍这样就联系主管",
        "it is not what was signed, nothing of it was taken: hand over again; if it stays so, call the manager",
    ),
    "too_large": ("文件太大,最多{limit}字节", "the file is too large: at most {limit} bytes"),
    "too_many": ("最多代收{limit}个文件", "at most {limit} files are taken along"),
    "no_first": (
        "本机记录本第1条已损坏,不能转交,请联网发送",
        "record 1 of this book is lost, so it cannot be handed over: send it over the network",
    ),
    "bad_receipt": ("回执读不懂,没有采用", "the receipt there is none, it was not taken"),
    "other_office": ("这是给另一个办公室的", "this is for another office"),
    "unknown_book": ("这台手持机没有在本办公室登记", "this handheld is not enrolled at this office"),
    "not_its_key": ("不是这台手持机签的", "it is not signed by the handheld of that book"),
    "gap": (
        "办公室只收到第{first}条之前的,这个文件从第{seq}条开始。请先交前面的文件",
        "the office needs the records from {first} on, this file begins at {seq}: bring the files before it first",
    ),
    "fork": (
        "第{seq}条与办公室已有的不同,已另存待查。请让这台手持机联网",
        "record {seq} differs from the one that is held; it was set aside. Bring this handheld to the network",
    ),
}

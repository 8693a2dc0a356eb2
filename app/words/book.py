"""The handheld's own book: its disk, its keys, what checking it found."""

TABLE = {
    "in_use": (
        "数据目录正被另一个程序使用:{folder}。请先关闭那个程序",
        "another program is using the data directory {folder}: close it first",
    ),
    "disk_full": (
        "存储已满,无法记录。请清理空间或联系管理员",
        "the storage is full, nothing can be recorded: free some space or call IT",
    ),
    "read_only": (
        "存储只读,无法记录。请联系管理员",
        "the storage is read-only, nothing can be recorded: call IT",
    ),
    "disk_error": (
        "存储出错({why}),未能记录。请联系管理员",
        "the storage failed ({why}), nothing was recorded: call IT",
    ),
    "unknown": (
        "存储没有明确答复,不能确定是否已记录。请重新打开程序后核对",
        "the storage gave no clear answer, it is not known if this was recorded: open the program again and look",
    ),
    "no_book": (
        "此目录没有记录本:{folder}",
        "there is no book in {folder}",
    ),
    "closed": ("记录本已关闭", "the book is closed"),
    "bad_note": ("附注缺少类别", "a note must say what it is"),
    "key_lost": (
        "签名密钥丢失或不符。记录照常保存,请联系主管",
        "the signing key is lost or does not fit; records are still kept: call the manager",
    ),
    "fork": (
        "办公室的第{seq}条与本机不一致。请联系主管",
        "the office's record {seq} differs from this handheld's: call the manager",
    ),
    "unreadable": (
        "第{seq}条已无法读取。请联系主管",
        "record {seq} can no longer be read: call the manager",
    ),
    # what `verify` found
    "checked": ("记录本 {book}\n共{records}条,到第{head}条", "book {book}\n{records} records, up to number {head}"),
    "hole": ("第{first}至{last}条已损坏,本机已登记", "records {first} to {last} were lost; the book declares it"),
    "purged": (
        "{count}条已按期清除,只留编号和校验值",
        "{count} records were purged when their time was over; number and hash are left",
    ),
    "loose": (
        "其中{count}条夹在已清除的记录之间,没有签名可以证明",
        "{count} records before purged ones are covered by no signature",
    ),
    "set_aside": (
        "{count}处内容不是记录,办公室已另存,不作数",
        "{count} entries are no records; the office set them aside, and they do not count",
    ),
    "signed": (
        "签名到第{signed}条,办公室回执到第{acked}条",
        "signed up to record {signed}, office receipts up to record {acked}",
    ),
    "unchecked": (
        "{count}个办公室回执无法核对:不知道办公室的密钥",
        "{count} office receipts could not be checked: the office's key is not known here",
    ),
    "unfinished": ("末尾有{size}字节未写完", "{size} unfinished bytes at the end"),
    "trusted": ("指纹与给定的一致", "the fingerprint is the one you gave"),
    "untrusted": (
        "指纹与给定的不一致:这不是那台手持机的记录本",
        "the fingerprint is not the one you gave: this is another book",
    ),
    "whole": ("核对通过", "whole"),
    "broken": ("核对未通过", "NOT whole"),
    "nothing_to_check": ("没有可核对的记录", "there is nothing to check"),
    # what `verify` says at the first place that is wrong
    "fault_not_a_line": ("第{line}行不是导出的记录", "line {line} is not an exported record"),
    "fault_not_canonical": ("第{seq}条不是规范写法", "record {seq} is not in canonical form"),
    "fault_altered": (
        "第{seq}条与前一条接不上,被改动过",
        "record {seq} does not follow from the one before: it was changed",
    ),
    "fault_missing": ("从第{seq}条起有缺失,且没有说明", "records are missing from {seq} on, and nothing declares it"),
    "fault_repeated": ("第{seq}条重复,或次序不对", "record {seq} is there twice or out of order"),
    "fault_wrong_key": ("首条记录的密钥与记录本不符", "the key in record 1 is not this book's"),
    "fault_certificate": (
        "第{seq}条的密钥不是由前一密钥签发",
        "the key in record {seq} is not certified by the key before it",
    ),
    "fault_key_lost": (
        "换密钥的记录已丢失,第{seq}条起的签名无法核对",
        "the record of a change of key is lost: from record {seq} on signatures cannot be checked",
    ),
    "fault_head": ("第{seq}条处的签名不对", "the signature over record {seq} is wrong"),
    "fault_receipt": ("第{seq}条处的办公室回执不对", "the office's receipt for record {seq} is wrong"),
    "fault_unreadable": ("存储有损坏,尚未登记", "part of the storage cannot be read and is not declared yet"),
}

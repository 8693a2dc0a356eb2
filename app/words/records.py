"""Why a record is refused."""

TABLE = {
    "not_json": ("不是合规的JSON记录({why})", "not a record in JSON ({why})"),
    "not_canonical": ("第{seq}条不是规范写法", "record {seq} is not in canonical form"),
    "too_large": ("记录过大:{size}字节,上限{limit}", "record too large: {size} bytes, limit {limit}"),
    "too_deep": ("嵌套超过{limit}层", "nested deeper than {limit} levels"),
    "bad_kind": ("记录类别写法不对:{kind}", "not a kind of record: {kind}"),
    "bad_people": ("人员编号写法不对,或人数过多", "person ids are malformed or too many"),
    "bad_number": ("数字超出范围(绝对值不超过2^53)", "number out of range (at most 2^53)"),
    "bad_key": ("字段名只能用可见的ASCII字符,不超过64个", "field names must be 1 to 64 printable ASCII characters"),
    "bad_value": ("不能含{type}:小数请写成文字", "must not hold a {type}: write decimals as text"),
    "unknown_person": ("计划中没有这个人:{person}", "no such person in the plan: {person}"),
}

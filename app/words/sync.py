"""The conversation with the office: what it answers, why it cannot be reached, what the office's own start refuses.

The first block is docs/errors.md: one sentence for every `urn:watchbook:` name, as a handheld shows it.
"""

TABLE = {
    "waiting": ("还没有开始上传;要传请按F5", "sending has not begun: press F5 to send"),
    "new_book": (
        "办公室有另一份记录,已封存旧簿,新簿接着记,一条不少",
        "The office holds another history: this logbook was closed and a new one goes on. Nothing is lost",
    ),
    # errors of the office
    "malformed": (
        "办公室看不懂发来的内容,请更新程序",
        "The office does not understand what was sent: update the program",
    ),
    "signature": ("办公室不认这台手持机的签名", "The office does not accept this handheld's signature"),
    "clock": ("手持机时间不准,正按办公室时间重试", "The handheld's clock is off: trying again with the office's time"),
    "replayed": ("这个请求办公室已收过,稍后再试", "The office has seen this request before: it will be made anew"),
    "unconfirmed": (
        "等办公室确认: 两边的6位码要一样。或请主管扫工牌",
        "Waiting for the office: both show the same six characters. Or a supervisor scans a badge",
    ),
    "not_a_supervisor": ("这不是本项目主管的工牌", "That is not the badge of a supervisor of this site"),
    "enrol_code": ("登记码不对、用过或过期,请要新码", "The code is wrong, used or expired: ask for a new one"),
    "carried_book": (
        "转交文件的手持机没有在办公室登记",
        "The handheld of a hand-off file is not enrolled at the office",
    ),
    "unknown_book": ("办公室没有这台手持机,请重新登记", "The office does not know this handheld: enrol it again"),
    "revoked": ("这台手持机已停用,请交回办公室", "This handheld was withdrawn: bring it to the office"),
    "not_found": ("办公室没有这个地址,请检查网址", "The office has no such address: check the URL"),
    "no_release": ("办公室不再提供这个程序版本", "The office does not offer this program any more"),
    "method": ("办公室不支持这个请求,请更新程序", "The office does not take this request: update the program"),
    "slow": ("网络太慢,没传完,稍后再试", "The network is too slow: it will be tried again"),
    "offset": ("图片接着上次传", "A picture goes on from where it broke off"),
    "unnamed": (
        "办公室存的无主图片太多,这张先不收",
        "The office holds too many pictures that no record names: it does not take this one yet",
    ),
    "gap": ("办公室缺前面的记录,正在补传", "The office lacks earlier records: sending them again"),
    "fork": ("两边的记录对不上,请联系经理", "The office holds other records under these numbers: call the manager"),
    "book_taken": ("本簿已属别处,请重新登记", "This logbook belongs elsewhere: enrol this handheld again"),
    "cursor_ahead": (
        "办公室数据比手持机旧,请联系管理员",
        "The office's data is older than this handheld's: call the administrator",
    ),
    "cursor_expired": ("正从办公室重新取全部计划", "Fetching everything from the office anew"),
    "too_large": ("一次传得太多,正分小批再传", "Too much at once: sending smaller batches"),
    "encoding": ("办公室不支持这种压缩,请更新程序", "The office does not take this compression: update the program"),
    "client_too_old": ("程序太旧,请更新后再传", "This program is too old for the office: update it"),
    "too_many_tries": ("试错太多,请十分钟后再试", "Too many wrong tries: wait ten minutes"),
    "internal": ("办公室程序出错,请联系管理员", "The office's program failed: call the administrator"),
    "busy": ("办公室正忙,稍后自动再试", "The office is busy: it will be tried again"),
    # why a record is set aside
    "record_form": ("不是规范写法的记录", "not a record in canonical form"),
    "record_number": ("记录里的号与位置不符", "the record's number is not that of its place"),
    "record_key": ("记录里的密钥证书不对", "the key in the record is not certified as it should be"),
    "revoked_book": ("手持机停用后传来的记录", "it came from a handheld that was withdrawn"),
    # why the office cannot be reached
    "no_connection": ("连不上办公室,记录都存着", "The office cannot be reached: records are kept"),
    "no_answer": ("办公室没有回应,记录都存着", "The office did not answer in time: records are kept"),
    "bad_proxy": (
        "系统设的代理(HTTPS_PROXY、ALL_PROXY)用不了,没有传",
        "The proxy that is set here (HTTPS_PROXY, ALL_PROXY) is of no use: nothing was sent",
    ),
    "not_secure": ("加密连接没有建成,没有传", "No secure line could be made: nothing was sent"),
    "other_certificate": (
        "对方不是办公室(证书不同),可能有人夹在中间,没有传",
        "The other end has not the office's certificate: somebody may be in between. Nothing was sent",
    ),
    "no_certificate": (
        "办公室没有报出它的证书,请管理员设置,没有传",
        "The office names no certificate of its own: the administrator must set it. Nothing was sent",
    ),
    "closed_away": (
        "原来办公室的记录或照片还没交完,连不上:{office}",
        "Records or pictures wait for an office of before, which cannot be reached: {office}",
    ),
    "closed_refused": (
        "原来的办公室不收还没交的记录或照片:{office}。请联系主管",
        "An office of before does not take the records or pictures that wait for it: {office}. Tell your supervisor",
    ),
    # what is told and stops nothing
    "left_elsewhere": (
        "还有{n}份照片或文字要送到原来的办公室",
        "Pictures and texts that wait for the office they belong to: {n}",
    ),
    "office_behind": (
        "办公室的数据从备份恢复过,{n}条已重新上传",
        "The office's data was restored from a backup: records sent again: {n}",
    ),
    "clock_off": (
        "本机时间差{span},请校准;按办公室时间算",
        "This handheld's clock is {span} off: set it. Records count by the office's time",
    ),
    "ageing": (
        "程序版本旧了,办公室快不支持了,请更新",
        "This program is getting too old for the office: update it soon",
    ),
    "office_too_old": (
        "办公室程序太旧,请管理员更新",
        "The office's program is too old for this one: the administrator must update it",
    ),
    "hushed": ("先办要紧的", "This makes way for something more urgent"),
    "login_page": ("网络要先登录(出现网页),没有传", "The network shows a page of its own (a login?): nothing was sent"),
    "wrong_office": (
        "这个地址不是登记的办公室,没有传",
        "This address is not the office it was enrolled at: nothing was sent",
    ),
    "code_or_office": (
        "登记码和这个办公室对不上:请把登记码和网址再核对一遍",
        "This code is not this office's: check the code and the address again",
    ),
    "bad_answer": ("办公室的回答不完整,稍后再试", "The office's answer makes no sense: it will be tried again"),
    "office_ahead": (
        "办公室的记录比本机多,请联系经理",
        "The office holds more records than this handheld: call the manager",
    ),
    "bad_receipt": ("办公室的收据不对,请联系经理", "The office's receipt does not match: call the manager"),
    "fault": ("上传程序出错,稍后自动再试", "Sending met a fault in this program: it will be tried again"),
    "gone": ("办公室要的第{seq}条本机已没有", "The office asks for record {seq}, which this handheld no longer has"),
    "refused": ("办公室不收:{name}", "The office refused: {name}"),
    # enrolling
    "code_form": ("登记码是10位或20位的数字和字母", "A code has 10 or 20 digits and letters"),
    "code_short": (
        "请输入全部20位登记码:后10位用来认办公室",
        "Type all 20 characters of the code: the last ten show that it is the right office",
    ),
    "round_open": (
        "{name}({opens})还没走完,换到别处就断在这里。请先结束,或加 --yes",
        "The round {name} ({opens}) is still being walked and would end here: finish it first, or add --yes",
    ),
    "address_form": ("网址要以https://开头:{url}", "The address must begin with https://: {url}"),
    "not_enrolled": ("还没有登记到办公室", "Not enrolled at an office yet"),
    # the office's own start
    "sqlite_affected": (
        "SQLite {version}有损坏数据的缺陷,请安装pysqlite3 0.6.1以上",
        "SQLite {version} can corrupt the database: install pysqlite3 0.6.1 or later",
    ),
    "store_kind": (
        "不支持{scheme}数据库,可用SQLite文件或postgresql://网址",
        "No support for {scheme}: use a SQLite file or a postgresql:// address",
    ),
    "store_address": ("数据库网址写错了", "The address of the database is not one"),
    "store_no_driver": (
        "用PostgreSQL还要装{name}:pip install 'watchbook[office]'",
        "PostgreSQL needs {name}: pip install 'watchbook[office]'",
    ),
    "store_old": (
        "数据库是旧版的({found},现为{head})。先运行 watchbook-office migrate,或启动 serve",
        "The database is of an earlier version ({found}, now {head}): run watchbook-office migrate, or start serve",
    ),
    "store_newer": (
        "数据库是更新的程序做的({found}):请装新版程序",
        "The database is of a later version ({found}): install the newer program",
    ),
    "store_unfinished": (
        "向这个数据库的复制没有完成:请清空后再复制一次",
        "Copying into this database did not end: empty it and copy again",
    ),
    "store_busy": ("数据库暂时用不了,请稍后再试:{why}", "The database cannot be used just now, try again later: {why}"),
    "store_no_folder": (
        "目录 {folder} 不存在:先建好,给运行办公室的用户写的权限",
        "There is no folder {folder}: make it first, writable for whoever runs the office",
    ),
    "store_unreadable": ("打不开数据库{path}:{why}", "The database {path} cannot be opened: {why}"),
    "key_unusable": (
        "办公室密钥{path}已损坏,请从备份恢复",
        "The office key {path} is damaged: bring it back from the backup",
    ),
    "certificate_unusable": ("证书文件{path}不能用:{why}", "The certificate file {path} cannot be used: {why}"),
    "body_too_large": ("下发内容{size}字节,超过{limit}", "What is to be published has {size} bytes, more than {limit}"),
    "body_not_json": ("下发内容不是规范的JSON:{why}", "What is to be published is not plain JSON: {why}"),
}

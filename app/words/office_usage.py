"""Help of the office's command line."""

TABLE = {
    "main": (
        "巡更簿办公室:接收手持机的记录,给主管查看。",
        "The office of Watchbook: takes in what handhelds recorded and shows it to supervisors.",
    ),
    "serve": (
        "接口和网页。能应答后打印 listening 和网址;SIGTERM 使其正常结束。",
        "API and web pages. Prints `listening URL` once it answers; SIGTERM ends it gracefully.",
    ),
    "demo": (
        "带示例的办公室:三个项目(小区、写字楼、宿舍)、人员、一个月的巡更。",
        "Serve an example: a compound, a tower and a dormitory, their people, and a month of rounds.",
    ),
    "plan": ("各小区的计划(XLSX表格或YAML文件)。", "Plans of sites: workbooks or YAML, in and out."),
    "plan_check": (
        "一次列出文件的全部错误,带表格单元或行号和改法。有错误时退出码为1。",
        "Every fault of FILE at once, with sheet and cell (or line) and remedy. Exit 1 when there is one.",
    ),
    "plan_import": (
        "导入为该小区的新一版计划,并发给手持机。有任何错误就什么都不导入。",
        "Take FILE as the site's new revision and send it to the handhelds. With any fault nothing is taken.",
    ),
    "plan_export": (
        "把该小区现行的计划写成文件:-o 文件.xlsx 或 .yaml,改好后再导入。",
        "Write SITE's plan to a file, `-o FILE.xlsx` or `.yaml`, to be changed and imported again.",
    ),
    "device": ("手持机。", "Handhelds."),
    "device_add": (
        "给新手持机一个一次性登记码(文字和二维码)。",
        "A one-use enrolment code for a new handheld called NAME, as text and QR.",
    ),
    "device_list": ("全部手持机。", "All handhelds."),
    "device_revoke": (
        "停用丢失的手持机(编号或名称)。它之后上传的另存待查。",
        "Take a lost handheld's rights (id or name). What it still sends is kept aside.",
    ),
    "user": ("网页账号,以及手持机要人出示的密码和工牌。", "Accounts of the pages, and what handhelds ask people for."),
    "user_add": (
        "新建网页账号,或给已有账号换密码和角色。已登录的会退出。",
        "An account for the pages, or a new password and role for one. Its open sessions end.",
    ),
    "user_list": ("全部网页账号。", "All accounts of the pages."),
    "user_remove": ("删除账号(离职),正在登录的会退出。", "Take an account away; who is signed in with it is out."),
    "purge": (
        "清除该小区过了保存期的记录,编号和校验值留下。保存多久由计划定。",
        "Let go what SITE's plan keeps no longer; number and hash of each record stay.",
    ),
    "hold": ("保留记录:调查、诉讼期间不清除。", "Records that must stay for a case, whatever the plan says."),
    "hold_add": ("保留一段时间内的记录。", "Keep the records of a span of time under NAME."),
    "hold_list": ("全部保留。", "What is on hold."),
    "hold_remove": ("取消保留。", "Release NAME."),
    "opt_dry": ("只数,不清除。", "Only count."),
    "opt_first": ("从这一刻起(带时区)。", "From this time on, with its offset."),
    "opt_last": ("到这一刻之前(带时区)。", "Until just before this time, with its offset."),
    "opt_reason": ("为什么。", "Why."),
    "metrics": ("监控(/metrics)。", "Monitoring (/metrics)."),
    "metrics_token": (
        "给监控系统一个新口令(/metrics,Prometheus);旧的作废。",
        "A new token for a monitoring system that asks /metrics (Prometheus); the one before is void.",
    ),
    "audit": (
        "谁在办公室做了什么;有行缺少或被改过时退出码为5。",
        "What everybody did at the office. Exit 5 when a row is missing or changed.",
    ),
    "opt_companies": (
        "能看这家公司(计划里的编号)的全部小区,以后新增的也能看(可写多次)。",
        "All sites of this company (its id in the plans), those to come too; may be repeated.",
    ),
    "opt_districts": (
        "能看这个区域(计划里的编号)的全部小区(可写多次)。",
        "All sites in this district (its id in the plans); may be repeated.",
    ),
    "opt_sites": ("只能看这个小区的(可写多次);不写就都能看。", "Only this site's, may be repeated; all unless told."),
    "user_pin": ("给某人设新密码,手持机签到时用。", "A new PIN for PERSON, which handhelds ask for."),
    "user_badge": (
        "给某人做新工牌:码只显示这一次,旧工牌作废。",
        "A new badge for PERSON: its code is shown this once; the badge before is void.",
    ),
    "webhook": (
        "把报警、漏巡、超期发到企业微信、钉钉、短信或自己的程序。",
        "Tell alarms, missed rounds and overdue work to a chat, by short message, or to a program of your own.",
    ),
    "webhook_add": (
        "新设通知(同名的会换掉)。--url 里有密钥,写“-”则从标准输入读。",
        "Tell NAME from now on; one of that name is replaced. --url holds a key: `-` reads it from standard input.",
    ),
    "webhook_list": ("全部通知,不显示密钥;还有没发出去的。", "Who is told, without keys, and what did not arrive."),
    "webhook_remove": ("删除通知。", "Tell NAME no more."),
    "webhook_test": ("现在试发一条。", "Send a trial message now."),
    "opt_form": (
        "wecom 企业微信群机器人,dingtalk 钉钉群机器人,json 自己的程序(Standard Webhooks),sms 短信接口。",
        "wecom and dingtalk: robots of a group; json: a program (Standard Webhooks); sms: a gateway's HTTP.",
    ),
    "opt_url": ("对方给的网址;“-”从标准输入读。", "The address they gave you; `-` reads it from standard input."),
    "opt_fields": (
        "短信接口的表单字段,{{text}}是消息放的地方。",
        "Form fields of a gateway, with {{text}} where the words go.",
    ),
    "opt_about": (
        "只发这些:alarm,missed,overdue,silent,escalation(长期超期,升级);不写就都发。",
        "Only these: alarm,missed,overdue,silent,escalation (long overdue); all unless told.",
    ),
    "opt_secret": (
        "有加签密钥(输入两次,或从标准输入读)。",
        "It has a secret to sign with: typed twice, or from standard input.",
    ),
    "tag": ("会轮换或加密的信标的密钥。", "Keys of tags that change their identity or encipher."),
    "tag_key": (
        "录入信标的密钥:TAG 为计划里的名称(eddystone-eid)或蓝牙地址(bthome)。换电池后再录一次。",
        "The key of TAG: its name in the plan (eddystone-eid) or its address (bthome). Again after a new battery.",
    ),
    "tag_list": ("已有密钥的信标,不显示密钥。", "The tags with a key; no key is shown."),
    "opt_eid": (
        "16字节识别密钥(十六进制);“-”从标准输入读。命令行上的内容别的用户看得到。",
        "Identity key, 16 bytes in hex; `-` reads it from standard input. Other users can see a command line.",
    ),
    "opt_bthome": ("加密传感器的16字节密钥;“-”同上。", "Bind key of an enciphered sensor, 16 bytes; `-` as above."),
    "opt_k": ("轮换指数:每2^K秒换一次,9为512秒。", "Rotation exponent: a new identity every 2^K s; 9 is 512 s."),
    "opt_counter": ("信标自己的时钟,秒;刚上电为0。", "The tag's own clock, in seconds; 0 when just switched on."),
    "opt_at": (
        "什么时候看到的(带时区);不写就是现在。",
        "When that was seen, with its offset; now when it is left out.",
    ),
    "labels": (
        "按巡更路线排好的标签(PDF),每个码都读回检查过才给。只加 --json 时每行列出一个码。",
        "Sheets of labels in the order of the routes, every code read back first. With only --json, a line each.",
    ),
    "report": (
        "一个月(例 2026-11)的物业服务月报,格式看文件名:.pdf .docx .xlsx .csv。",
        "The monthly report of MONTH (such as 2026-11), in the format of the file's name: .pdf .docx .xlsx .csv.",
    ),
    "paper": (
        "任意日期的检查表和报表,格式看文件名;用 --check 核对纸面上的校验码,不一致时退出码为5。",
        "A paper of any days, in the format of the file's name; with --check whether the hash on a paper still agrees "
        "(exit 5 when it does not).",
    ),
    "opt_paper_site": ("哪个小区。", "Of which site."),
    "opt_report_site": ("哪个小区。", "Of which site."),
    "opt_report_out": ("写到这个文件。", "Write this file."),
    "opt_paper_out": ("写到这个文件。", "Write this file."),
    "opt_paper_first": ("从这一天起(2026-11-01)。", "From this day on (2026-11-01)."),
    "opt_paper_last": ("到这一天,不写就是同一天。", "To this day; the same one unless told."),
    "opt_of": ("哪条线路、哪个岗位、哪台设备、哪个问题……的编号。", "Id of the route, post, asset … it is about."),
    "opt_digest": ("纸面下方的校验码。", "The hash at the foot of the paper."),
    "handoff": (
        "收进U盘上的转交文件(PATH 是文件或目录),并在旁边放回执。",
        "Take in hand-off files (PATH is a file or a folder) and leave receipts beside them.",
    ),
    "export": (
        "全部记录的原样,连同签名和办公室的回执,供 watchbook verify 检查。",
        "All records as received, with head signatures and the office's receipts, for `watchbook verify`.",
    ),
    "migrate": (
        "把数据库升级到本程序的版本。serve 启动时也会自动升级。",
        "Bring the database to this program's version. `serve` does it too when it starts.",
    ),
    "backup": (
        "备份到新目录 DIR:数据库、办公室密钥、设置,都是同一时刻的。可在运行中做。",
        "A copy in a new folder DIR: database, key and settings of one moment. Also while the office serves.",
    ),
    "restore": (
        "把备份 DIR 恢复到空的数据目录(或 --db 的空数据库)。",
        "Bring the backup DIR back, into an empty data directory (or the empty database of --db).",
    ),
    "copy": (
        "把全部数据复制到另一个空数据库,如从SQLite迁到PostgreSQL。先停止 serve。",
        "All data into another, empty database, from SQLite to PostgreSQL for one. Stop `serve` first.",
    ),
    "verify": (
        "检查收到的全部:每本记录的链、签名、回执,和数据库自身。有不符时退出码为5。",
        "Check all that came in: chains, signatures, receipts of every book, the database itself. Exit 5: broken.",
    ),
    "opt_to": ("目标数据库的网址或文件。", "Address or file of the other database."),
    "opt_workers": (
        "几个进程同时服务(只限PostgreSQL);不指定时为1。",
        "Processes that serve together (PostgreSQL only); 1 unless told.",
    ),
    "code": ("标签换新,绑定厂家自己的码。", "Labels made anew, and makers' codes bound."),
    "code_reissue": (
        "给点位或设备换新标签(丢失或被拍照后)。旧标签扫到会记“旧标签”。",
        "A new label for THING, a point or asset of SITE (lost, or photographed). Scans of the one before are marked.",
    ),
    "code_bind": (
        "把厂家的条码、二维码绑定到点位或设备;不写TEXT时从标准输入读一行。",
        "Let a maker's code TEXT stand for THING, a point or asset; without TEXT, a line of standard input.",
    ),
    "code_unbind": (
        "解除绑定:写码的内容,或 编号/x1。",
        "Let a maker's code go: its TEXT, or ID/x1.",
    ),
    "code_list": ("各点位、设备的标签号,和绑定的码。", "The labels of SITE by number, and the makers' codes."),
    "opt_help": ("显示这段说明。", "Show this."),
    "opt_version": ("显示版本。", "Show the version."),
    "opt_data_dir": ("办公室数据所在的目录。", "Where the office's data live."),
    "opt_db": (
        "数据库;不指定时用数据目录里的SQLite文件。",
        "Database; by default a SQLite file in the data directory.",
    ),
    "opt_lang": ("给人看的文字用哪种语言。", "Language of what people read."),
    "opt_as_json": ("标准输出只给JSON。", "JSON on stdout, nothing else."),
    "opt_host": ("监听的地址;不指定时为127.0.0.1。", "Address to listen on; 127.0.0.1 unless told."),
    "opt_port": ("端口;不指定时为8060,0表示任选空闲的。", "Port, 8060 unless told; 0 takes a free one."),
    "opt_tls": (
        "用自己的证书加密;第一次时生成,存数据目录。手持机和登记码能认出它。",
        "TLS with a certificate of our own, made at the first start. Handhelds know it by their enrolment.",
    ),
    "opt_tls_cert": ("用这张证书加密(PEM)。", "TLS with this certificate (PEM)."),
    "opt_tls_key": ("证书的密钥在另一个文件时,写在这里。", "Its key, when that stands in a file of its own."),
    "opt_tls_known": (
        "手持机还会遇到的证书(PEM,用冒号隔开):前面的代理的,或下一张。",
        "Other certificates that handhelds may meet (PEM, colons between): a proxy's in front, or the next one.",
    ),
    "opt_label_url": (
        "标签印成这个网址下的地址(https://主机),居民用手机扫会打开说明页。",
        "Labels are addresses below https://HOST: a resident's telephone opens a page that says what they are.",
    ),
    "opt_label_phone": ("说明页上请居民拨打的电话。", "The number to call, on that page."),
    "opt_began": (
        "时钟从这一刻开始走,或跟着@文件里的演示时钟:供演示和测试。",
        "The clock starts there, or follows the demonstration's in @FILE: for demonstrations and tests.",
    ),
    "opt_days": ("示例里有几天的巡更;不指定时为30。", "Days of invented rounds, 30 unless told."),
    "opt_revision": ("哪一版,默认最新一版。", "Which revision; the newest when left out."),
    "opt_people": ("与计划一起检查或导入的人员文件。", "The people file, taken together with the plan."),
    "opt_out": ("写到这个PDF文件。", "Write this PDF."),
    "opt_trial": (
        "只要试扫页:不用写小区,印出来试扫码枪。",
        "The test sheet for scanners instead, for which no SITE is needed.",
    ),
    "opt_layout": (
        "自己裁的A4(不指定时为a4-3x8),现成24格的A4(70x37),或标签机的卷纸(毫米)。",
        "A4 to be cut (a4-3x8 unless told), A4 stock of 24 (70x37), or a roll of a label printer (mm).",
    ),
    "opt_points": ("只要这些点位的(用逗号隔开)。", "Only these points' (commas between)."),
    "opt_assets": ("设备标签也要。", "Labels of assets too."),
    "opt_names": ("标签上的语言;不指定时中英文都有。", "Languages on the labels, both unless told."),
    "opt_png": ("每个标签一张图片(300dpi),放这个目录。", "A picture of each label (300 dpi) into this folder."),
    "opt_svg": ("每个标签一个SVG文件,放这个目录。", "An SVG of each label into this folder."),
    "opt_pdf": ("再写一张工牌卡(PDF,85.6x54毫米)。", "Write the badge as a card too (PDF, 85.6 x 54 mm)."),
    "opt_site": ("只要这个小区的。", "Only this site's."),
    "opt_device_add_site": ("它属于哪个小区。", "Site it belongs to."),
    "opt_device_revoke_site": ("几个小区有同名的手持机时,是哪个小区的。", "When several sites have one of that name."),
    "opt_role": ("角色,是其中之一:{roles}。", "One of: {roles}."),
    "opt_person": ("人员文件里的编号。", "Id in the people file."),
    "opt_from_stdin": ("从标准输入读密码。", "Read the PIN from standard input."),
    "opt_user_add_from_stdin": ("从标准输入读密码。", "Read the password from standard input."),
    "opt_jsonl": ("按收到的原样,每行一条JSON。", "One JSON line each, as received."),
}

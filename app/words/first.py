"""A handheld that is new: its sheet, the office's word, the first choices; and one that is to go elsewhere."""

TABLE = {
    "title": ("新手持机", "New handheld"),
    "scan": ("扫入网单上的二维码", "Scan the code on its sheet"),
    "scan_how": (
        "办公室为每台手持机打印一张入网单,只能用一次",
        "The office prints one sheet for each handheld; it works once",
    ),
    "language": ("English", "中文"),
    "large": ("大字", "Large letters"),
    "large_off": ("正常大小的字", "Letters as usual"),
    "camera": ("用摄像头扫", "Scan with the camera"),
    "type": ("扫不了: 输入网单上的数字", "Nothing scans: type the sheet's digits"),
    "scanner": ("扫码头没反应: 换一种接法", "The scanner does not react: try another way"),
    "scanner_none": ("扫码头: 还没读到码。随便扫一个试试", "Scanner: nothing read yet. Try it on any code"),
    "scanner_read": ("扫码头: 好用,读到{n}次", "Scanner: works, codes read: {n}"),
    "key_camera": ("摄像头", "camera"),
    "key_type": ("输数字", "type digits"),
    "key_again": ("马上再试", "try now"),
    "key_leave": ("换一张入网单", "another sheet"),
    "key_sign_in": ("去签到", "sign in"),
    "asks": ("正在找办公室", "Looking for the office"),
    "asks_where": ("网址 {office}", "at {office}"),
    "away": ("连不上办公室: {why}", "The office cannot be reached: {why}"),
    "by_itself": ("自己会再试,不用守着。检查Wi-Fi或网线", "It tries again by itself. Check Wi-Fi or cable"),
    "waits": ("请办公室确认", "The office confirms"),
    "waits_how": (
        "“手持机入网”页上这台的6位码要和这里一样,点“确认”",
        "Its page of new handhelds must show these six characters: then press Confirm",
    ),
    "waits_badge": (
        "晚上没人? 请本项目主管在这里扫工牌",
        "Nobody there? A supervisor of the site scans a badge here",
    ),
    "waits_safe": ("断电没关系,开机接着等", "Switching off does no harm: it goes on waiting"),
    "fetches": ("已确认,正在取计划", "Confirmed. Fetching the plan"),
    "ready": ("可以用了", "Ready"),
    "ready_site": ("项目 {site}", "Site {site}"),
    "ready_how": (
        "把入网单上的名称贴到手持机上,再把入网单撕掉",
        "Put the sheet's name onto the handheld, then tear the sheet up",
    ),
    "one_moment": ("正在和办公室通话,请稍等几秒", "It is talking to the office: wait a few seconds"),
    "vouched": ("主管已确认", "Confirmed by a supervisor"),
    # what is refused
    "not_half": ("只读到半张入网单,请再扫一次", "Only half of the sheet was read: scan it again"),
    "not_label": (
        "读到了,但这是点位标签或工牌。请扫入网单",
        "That read well, but it is a label or a badge. Scan the sheet",
    ),
    "not_foreign": (
        "读到了,但这不是本系统的入网单。请向办公室要入网单",
        "That read well, but it is no sheet of this system. Ask the office for one",
    ),
    "over": (
        "这张入网单 {until} 就过期了。请办公室重新打一张",
        "This sheet was good until {until}. The office prints a new one",
    ),
    "used": (
        "这张入网单用过了,或者办公室收回了。请办公室重新打一张",
        "This sheet was used already, or taken back. The office prints a new one",
    ),
    "other_office": (
        "这个网址上不是打印入网单的办公室,什么都没有发出去。请核对入网单,再问办公室",
        "Another office is at this address, and nothing was sent to it. Check the sheet and ask the office",
    ),
    "address": (
        "入网单上的网址不能用: 要以https://开头",
        "The sheet's address cannot be used: it must begin with https://",
    ),
    # which scanner
    "scanner_title": ("扫码头", "Scanner"),
    "scanner_which": (
        "扫码头是哪一个? 不清楚就一个一个试,读到码才会记住",
        "Which one is the scanner? Try one after the other: only one that reads is kept",
    ),
    "scanner_wedge": ("像键盘一样打字(多数是这种)", "Types like a keyboard (most do)"),
    "scanner_serial": ("串口: {name}", "Serial port: {name}"),
    "scanner_evdev": ("像键盘一样打字,只进本程序: {name}", "Types into this program alone: {name}"),
    "scanner_try": ("用它扫入网单", "Scan the sheet with it"),
    "scanner_try_how": (
        "读到就记住。{n}秒没读到,就换回原来的",
        "Once it reads, it is kept. After {n} s without a code the one before is back",
    ),
    "scanner_rate": ("波特率{rate},换一个", "baud rate {rate}: another"),
    "scanner_other": ("换别的", "another scanner"),
    "scanner_kept": ("已记住这个扫码头", "The scanner is kept"),
    "scanner_not_it": ("这是另一个扫码头读的", "Another scanner has read that"),
    "scanner_garbled": (
        "读到了,但不是本系统的码: 换个波特率,或改扫入网单",
        "It reads, but that is no code of this system: another baud rate, or scan the sheet",
    ),
    "scanner_not_ours": (
        "读到了,但不是本系统的码。请扫入网单",
        "It reads, but that is no code of this system: scan the sheet",
    ),
    "scanner_silent": ("没读到,换回原来的了", "Nothing was read: the one before is back"),
    # typed
    "typed_title": ("输入网单数字", "The sheet's digits"),
    "typed_how": (
        "入网单背面或下方有每5个一组的数字。一组一组输,输错当组就会说",
        "The sheet has groups of five digits. Type one group after the other; a wrong one is told at once",
    ),
    "typed_group": ("第{n}组", "Group {n}"),
    "typed_of": ("第{n}组 共{of}组", "Group {n} of {of}"),
    "typed_wrong": ("第{n}组不对,请看清再输", "Group {n} is not right: look again"),
    "typed_all": (
        "数字对不起来,请从第1组重输",
        "The digits do not add up: begin again with group 1",
    ),
    # an enrolled one goes elsewhere
    "move_title": ("换到别处?", "Go elsewhere?"),
    "move_now": ("这台现在属于: {site}", "This handheld belongs to {site}"),
    "move_to": ("入网单要它去: {office}", "The sheet takes it to {office}"),
    "move_what": (
        "去了以后: 另起新记录本,计划、人员、密码都换成那边的;当班和正在走的轮次在这里结束",
        "Then it begins a new logbook, with that place's plan, people and PINs; the shift and the round end here",
    ),
    "move_kept": (
        "没上传的{n}条不会丢,照样送到原来的办公室",
        "Unsent records ({n}) are not lost: they still go to the office they belong to",
    ),
    "move_pictures": (
        "没上传的照片和文字{n}份,照样送到原来的办公室,送到才清掉",
        "Unsent pictures and texts ({n}) go to the office they belong to, and stay here until then",
    ),
    "move_who": ("要主管同意: 请主管扫工牌,或输主管工号", "A supervisor agrees by badge, or types a staff number"),
}

"""The help page: what the current screen asks in two sentences, how a shift goes, then the keys.

`page_…` is the screen: its module and the name of its class (`home_rounds` is RoundsPage in screens/home.py, `home` is
HomePage there). Each has a row of two sentences: what stands there, and what to do next.
"""

TABLE = {
    "title": ("帮助 {page}/{pages}", "Help {page}/{pages}"),
    "how_1": (
        "1. 扫工牌或输工号签到。两人的轮次,同伴也要签。",
        "1. Sign in by badge or number. For a round of two, the partner signs in too.",
    ),
    "how_2": ("2. 屏幕说现在走哪一轮: 按Enter开始。", "2. The screen says which round is due: Enter starts it."),
    "how_3": (
        "3. 跟着屏幕走。走到点上站住,会自己记上;没有信号就扫标签。",
        "3. Follow the screen. At the point stand still: it is recorded by itself. Without a signal, scan the label.",
    ),
    "how_4": (
        "4. 有检查项就逐项回答;不正常的报问题。",
        "4. Answer the checks of the place; report what is not OK.",
    ),
    "how_5": (
        "5. 走完按Enter结束。记录有网时自动上传。",
        "5. Enter finishes the round. Records go to the office by themselves.",
    ),
    "how_6": ("断电也不丢: 重开后接着走。", "A power cut loses nothing: start again and walk on."),
    "how_7": ("Q:12 还有12条没传到办公室,都存着。", "Q:12 means 12 records are not at the office yet; they are kept."),
    "how_8": (
        "去不了: 按2选原因,不算漏检。检查做不了也按2。",
        "Cannot go, or cannot check? 2, and choose why: it is not missed then.",
    ),
    "how_9": (
        "有标记(!)的主管会看: 早到、迟到、走得太快、输码等。",
        "Marked (!): a supervisor looks at it. Early, late, too fast, a typed code and the like.",
    ),
    "here": ("这一屏", "This screen"),
    "shift": ("一个班怎么走", "How a shift goes"),
    "keys": ("按键", "Keys"),
    "next": ("下一页", "next page"),
    "page_signin_sign_in": (
        "这里签到: 扫工牌,或输工号按Enter再输密码。人齐了,空着按Enter进去。",
        "Here you sign in: scan your badge, or type your number, Enter, and the PIN. When all are here, Enter on the "
        "empty field goes on.",
    ),
    "page_signin_join": (
        "同伴在这里签到: 扫工牌,或输工号和密码。签好自动回到原来的屏幕。",
        "Your partner signs in here: by badge, or number and PIN. Then the screen goes back by itself.",
    ),
    "page_signin_unlock": (
        "程序重开过,记录都在。班里任何一人扫工牌或输工号密码,就从原处接着做。",
        "The program was started again; nothing is lost. Anybody of the crew shows a badge, or number and PIN, and "
        "it goes on where it was.",
    ),
    "page_signin_recheck": (
        "同伴在路上再签一次,证明两人一直在一起。请同伴扫工牌,或输工号和密码。",
        "The partner signs once more on the way: it shows that two walk together. Scan the badge, or type number and "
        "PIN.",
    ),
    "page_home": (
        "上面是现在该做的: 按Enter开始或接着走。下面按数字选别的任务,4叫同伴来签到,9接单,*是菜单。",
        "On top stands what is due now: Enter starts it or goes on. A digit chooses another task, 4 signs in a "
        "partner, 9 takes an order, * is the menu.",
    ),
    "page_home_rounds": (
        "这里是今天的全部任务。按数字选一个,它会排到最前,再按Enter开始。",
        "These are all tasks of today. A digit puts one first; Enter then starts it.",
    ),
    "page_home_early": (
        "还没到时间,现在开始会被标记。按Enter等一等,一定要走就按1。",
        "It is too early: starting now is marked. Enter waits; 1 starts all the same.",
    ),
    "page_home_alone": (
        "这一轮要两人走。按1叫同伴签到;实在没有人,按数字选原因,会被标记。",
        "Two people walk this round. 1 lets your partner sign in; if there is nobody, choose the reason: it is marked.",
    ),
    "page_round": (
        "照屏幕走到点上,站住别动,会自己记上;没有信号就扫标签,或按1输短码。去不了按2选原因,走完按Enter结束。",
        "Go where the screen says and stand still: it is recorded by itself; without a signal scan the label, or 1 "
        "types its code. Cannot go? 2 chooses why. At the end Enter finishes.",
    ),
    "page_label_code": (
        "标签扫不出来时,输标签下面的短码,按Enter。能扫就别输: 手工输码会标记,主管要复核。",
        "When a label cannot be read, type the short code below it and press Enter. Scan where you can: a typed code "
        "is weak evidence and is marked.",
    ),
    "page_skip": (
        "说明为什么去不了,或检查做不了: 按数字选原因。选了不算漏检,主管会看。",
        "Say why you cannot go, or cannot check: a digit chooses the reason. It is not missed then; a supervisor "
        "looks at it.",
    ),
    "page_stops": (
        "这里是这一轮的全部点: +已走, !有标记, -去不了, >下一个。0翻页,Enter回去接着走。",
        "These are all places of the round: + done, ! marked, - cannot go, > next. 0 turns the page, Enter goes back "
        "to the walk.",
    ),
    "page_stop": (
        "一项一项看: 正常按1,不正常按2;要读数就照表输数字再按Enter。Enter是剩下都正常,退格改上一项。",
        "Look at one thing after the other: 1 is OK, 2 is not; for a reading type what the gauge shows, then Enter. "
        "Enter alone says the rest is OK, Backspace changes the last answer.",
    ),
    "page_answers_answered": (
        "这里改已答过的检查。先按数字选哪个点。",
        "Here you change what was answered. First choose the place by its digit.",
    ),
    "page_answers": (
        "按数字选要改的那一项,再重新回答。旧的和新的都留在记录里。",
        "Choose the answer by its digit and answer again. Both the old and the new one stay in the book.",
    ),
    "page_doubt": (
        "这个读数看着不对,请再看一眼表。按数字回答: 读数怎样都会记下。",
        "This reading looks odd: look at the gauge again. Answer by digit; the reading is kept either way.",
    ),
    "page_doubt_exchange": (
        "换了新表: 先输旧表拆下时的读数,按Enter。再输新表装上时的读数。",
        "The meter was exchanged. Type the last reading of the old one, Enter, then the first of the new one.",
    ),
    "page_overrule": (
        "您的读数和传感器不一样。按数字选原因,两个数都会留下。",
        "Your figure differs from the sensor's. Choose why by digit; both figures stay.",
    ),
    "page_finding": (
        "报问题: 先选类别,再选哪一句,都按数字。最后看一眼对不对,按Enter保存;当场弄好了先按7。",
        "Report a problem: choose the category, then the phrase, by digits. Look it over and Enter saves; 7 first, "
        "if you have put it right.",
    ),
    "page_summary_finish": (
        "结束这一轮前先看还剩什么。Enter回去接着走;真走不了再按1,没走的算漏检。",
        "Before the round ends, see what is left. Enter goes back to walk on; 1 finishes, and what was not reached "
        "is missed.",
    ),
    "page_summary": (
        "这一轮走完了,这里是结果。看过按Enter;有(!)的主管会看,不用您再做什么。",
        "The round is over; this is how it went. Enter closes it; a supervisor looks at what is marked (!), you need "
        "do nothing.",
    ),
    "page_menu": (
        "菜单: 按数字就去那里。Enter或退格关掉它,原来的屏幕还在下面。",
        "The menu: a digit takes you there. Enter or Backspace closes it; the screen below is as it was.",
    ),
    "page_menu_leave": (
        "下班或交班在这里: 按数字选谁走。最后一人走了,这一班就结束。",
        "Here a shift ends: choose by digit who goes. When the last one has gone, the shift is over.",
    ),
    "page_more": (
        "走巡以外的事都在这里,按数字打开。没有的就是您的岗位用不到。",
        "Here is what there is besides rounds; a digit opens it. What is missing is not for your post.",
    ),
    "page_help": (
        "这里是帮助。按Enter看下一页,退格回去。",
        "This is the help. Enter shows the next page, Backspace goes back.",
    ),
    "page_lone": (
        "您一个人值守,手持机定时问平安。按Enter就是平安;有险情按9报警。",
        "You work alone, so the handheld asks whether you are well. Enter says yes; in danger 9 raises the alarm.",
    ),
    "page_alarm": (
        "有险情按两次9报警,同时用对讲机喊人。屏幕说了谁已接,才算有人知道。",
        "In danger press 9 twice, and call by radio as well. Somebody knows of it only when the screen says who has "
        "taken it.",
    ),
    "page_outbox": (
        "这里看还有几条没传到办公室。没传的都存着,有网会自己传;急了按3马上传。",
        "Here you see how much the office does not have yet. All of it is kept and goes out by itself; 3 sends now.",
    ),
    "page_closing": (
        "按1退出程序,按Enter留下。记录都在,再打开时接着走。",
        "1 leaves the program, Enter stays. All records are kept; the next start goes on from here.",
    ),
    "page_camera": (
        "把码放进镜头前一掌远,停住不动,读到了会自己关。读不出来按退格,改用扫码头或输码。",
        "Hold the code a hand's breadth from the camera and keep still; when it is read, this closes. If it is not, "
        "Backspace, and scan or type it.",
    ),
    "page_witness": (
        "让接班的人或同伴扫这个码,两本记录互相作证。没有扫码头,就把16位数字输到对方机上,按Enter。",
        "Let relief or partner scan this code: the two books then witness each other. Without a scanner type the 16 "
        "digits over there and press Enter.",
    ),
    "page_registers": (
        "登记簿在这里,按数字打开一本。到时间没写的排在前面。",
        "The registers: a digit opens one. What is due stands first.",
    ),
    "page_registers_register": (
        "这里是还没结束的几条。Enter记新的一条;人走了或事完了,按数字结束那一条。",
        "These lines are still open. Enter begins a new one; a digit ends one when somebody leaves or it is over.",
    ),
    "page_registers_end": (
        "看清是不是这一条。是就按Enter结束它,不是就退格。",
        "See whether it is the right line. Enter ends it, Backspace goes back.",
    ),
    "page_registers_entry": (
        "一栏一栏填: 选的按数字,填的输数字再按Enter。最后一栏按Enter就保存。",
        "Fill one column after the other: choose by digit, or type digits and Enter. Enter in the last one saves.",
    ),
    "page_procedures": (
        "出了事从这里选预案,一步一步照做。正在进行的排在前面,最后一项是通讯录。",
        "In an emergency choose its card here and follow it step by step. What is running stands first; the last row "
        "is whom to call.",
    ),
    "page_procedures_gone": (
        "这件事还开着,计划里已没有它。做完了就按Enter结束。",
        "This still runs, but the plan has it no longer. Enter ends it when it is over.",
    ),
    "page_procedures_contacts": (
        "通讯录: 照上面的号码打电话。没有网络也看得到。",
        "Whom to call: dial the number shown. It is here without a network too.",
    ),
    "page_procedures_start": (
        "看清什么时候用这个预案。按屏幕下面的键开始,时间从那时算起。",
        "Read when this is used. The key below starts it, and the clock runs from then.",
    ),
    "page_procedures_teams": (
        "按数字选您这台手持机在哪一队。各队都完了按Enter结束。",
        "A digit says which team this handheld is with. Enter ends it when all teams are done.",
    ),
    "page_procedures_run": (
        "照步骤做,做完一步按Enter,时间自己记。人到齐、物资、报告按下面的数字键。",
        "Do the steps: Enter ticks one, with its time. The digits below are for assembling, material and the report.",
    ),
    "page_procedures_materials": (
        "一样一样数。输有几件,按Enter到下一样。",
        "Count one thing after the other. Type how many, and Enter goes to the next.",
    ),
    "page_procedures_report": (
        "这一队最后怎样: 按数字选一句。选了就交上去。",
        "How does the team stand at the end? Choose a sentence by digit; it is then reported.",
    ),
    "page_procedures_about": (
        "是哪一台出了事: 按数字选,或扫它的标签。还不清楚就按Enter先开始。",
        "Which one is it about? Choose by digit, or scan its label. Enter starts at once when nobody knows yet.",
    ),
    "page_procedures_end": (
        "结束召集。没有汇报的组列在上面,由带队的人决定。",
        "This ends the call-out. Teams without a report stand above; whoever leads decides.",
    ),
    "page_procedures_take_back": (
        "这一步已打过勾。真打了就按Enter返回,记错了按1撤回。",
        "This step is ticked already. Enter goes back; 1 takes the tick back when it was a mistake.",
    ),
    "page_procedures_leaving": (
        "还有预案在进行,现在结束当班没人跟。按Enter去看它,真要走按1。",
        "An emergency is still running. Enter leads to it; 1 ends the shift all the same.",
    ),
    "page_returned": (
        "主管退回的一轮:记录里是什么,问的是什么。按数字选一句话作答,办公室就能看到。",
        "A round that was sent back: what the record says, and what is asked. A digit answers, and the office sees it.",
    ),
    "page_review": (
        "最近三天要看的轮次,最要紧的在前。数字或Enter打开一条,5 把正常的一起通过。",
        "Rounds of three days that ask for attention, the worst first. A digit opens one; 5 accepts the clean ones.",
    ),
    "page_review_decide": (
        "这一轮哪里不对、谁走的、怎么说明的。Enter 通过,6 退回给当班的人说明。",
        "What is wrong with the round, who walked it, what they say. Enter accepts, 6 sends it back to its crew.",
    ),
    "page_review_reason": (
        "退回要写明原因,当班的人下次签到就看到。按数字选一条。",
        "A round is sent back for a reason, which its crew sees at the next start. Choose by digit.",
    ),
    "page_review_excuse": (
        "哪个没到的点可以免?只免这一轮。按数字选。",
        "Which of the missed points is excused, for this round only? Choose by digit.",
    ),
    "page_review_excuse_why": (
        "为什么可以不到?选一个原因,就不再计入漏检。",
        "Why need nobody have been there? Choose a reason, and the point leaves the rates.",
    ),
    "page_afterwards": (
        "按数字选: 说明标记、免巡、补录、临时人员。后三项要主管或领班的工牌。",
        "Choose by digit what you want to say. All but explaining a mark needs the badge of a supervisor or leader.",
    ),
    "page_afterwards_walked": (
        "有标记的轮次,新的在前。按数字打开一轮。",
        "Rounds with marks, the newest first. A digit opens one.",
    ),
    "page_afterwards_marks": (
        "这一轮的标记,已说明的写着怎么说的。按数字选一条来说明。",
        "The marks of this round, with what was said of each. Choose one to explain it.",
    ),
    "page_afterwards_why": (
        "上面是标记和您自己的记录。按数字选最像的一句。",
        "Above stand the mark and your own record. Choose the sentence that fits best.",
    ),
    "page_afterwards_areas": (
        "哪个片区的点免巡? 按数字选片区,或直接扫那里的标签。",
        "In which part is the point to excuse? Choose it, or scan the label there.",
    ),
    "page_afterwards_points": (
        "选要免巡的点,也可以扫它的标签。选完再定到什么时候。",
        "Choose the point to excuse, or scan its label. Then say until when.",
    ),
    "page_afterwards_until": (
        "免巡到哪天的24:00? 按数字选。",
        "The excuse ends at 24:00 of a day. Choose which day.",
    ),
    "page_afterwards_reason": (
        "为什么免巡? 选了就记下,这个点不再算漏。",
        "Why is it excused? Choosing records it, and the point is missed no longer.",
    ),
    "page_afterwards_schedules": (
        "补哪一种轮次? 只列最近三天里没走的。",
        "Which kind of round do you enter? Only those not walked in the last three days stand here.",
    ),
    "page_afterwards_slots": (
        "是哪一天的那一轮? 按数字选。",
        "Of which day is it? Choose by digit.",
    ),
    "page_afterwards_paper": (
        "输纸质记录的编号或页码。没有纸就不能补录。",
        "Type the number or page of the paper sheet. Without a sheet nothing can be entered.",
    ),
    "page_afterwards_walkers": (
        "纸上签了名的人,逐个输工号按Enter。人齐了空着按Enter。",
        "Type the staff number of each who signed, and Enter. With all there, Enter on the empty field goes on.",
    ),
    "page_afterwards_entries": (
        "照纸上逐点输时间,Enter是正常,2是有问题; 没到直接Enter。输完看一遍再保存。",
        "Type the time of each stop as on the sheet. Enter: in order, 2: not, Enter alone: nobody was there.",
    ),
    "page_unplanned_boss": (
        "这件事要主管或领班负责。请他扫自己的工牌。",
        "Somebody must answer for this. Ask a supervisor or leader to scan a badge.",
    ),
    "page_unplanned_temporary": (
        "新来的人还没有工号: 输四位数字代替姓名。只在这个班有效。",
        "Somebody new has no number yet: type four digits instead of a name. It holds for this shift only.",
    ),
    "page_unplanned_temporary_post": (
        "这个人站哪个岗? 按数字选。",
        "At which post does this person stand? Choose by digit.",
    ),
    "page_unplanned_leaves": (
        "一轮走到一半,谁先离开? 按数字选人。",
        "Somebody leaves in the middle of the round. Choose who by digit.",
    ),
    "page_unplanned_leaves_why": (
        "为什么离开? 选了就记下,其他人接着走。",
        "Why do they leave? Choosing records it, and the others walk on.",
    ),
    "page_equipment": (
        "设备按地点排,快到期的在最前。按数字看那里有什么,扫设备标签直接打开它。",
        "Equipment by place, what falls due first. A digit shows what stands there; scanning its label opens an "
        "asset at once.",
    ),
    "page_equipment_assets": (
        "这个地点的设备,按数字打开一台。快到期或过期的带日期。",
        "What stands at this place; a digit opens one. What falls due carries its date.",
    ),
    "page_equipment_asset": (
        "这台设备的铭牌和日期。按数字看读数、没处理完的问题、上次的记录和操作说明。",
        "Its nameplate and dates. Digits show readings, open matters, records and instructions.",
    ),
    "page_equipment_text": (
        "这里只是看,新的在上面。看完按Enter或退格回去。",
        "This is to read, newest first. Enter or Backspace goes back.",
    ),
    "page_equipment_readings": (
        "这台设备的每项读数和走向。按数字看那一项最近十次。",
        "Its readings and where they go. A digit shows the last ten of one.",
    ),
    "page_equipment_reading": (
        "最近十次读数,新的在上面,旁边是上下限。看完按Enter或退格回去。",
        "The last ten readings, newest first, with the limits. Enter or Backspace goes back.",
    ),
    "page_matters": (
        "还没处理完的问题和隐患,等复查的在最前。按数字打开一条。",
        "What is open, what waits for its re-check first. A digit opens one.",
    ),
    "page_matters_matter": (
        "这一条问题: 派单按Enter,当场弄好了按1。整改过的要到现场扫标签,再说好了还是没好。",
        "One finding: Enter makes an order of it, 1 says it was put right. Once put right, go there, scan the label, "
        "and say whether it is.",
    ),
    "page_orders": (
        "工单都在这里,按数字打开一张。有人用对讲机派活,按Enter接单。",
        "The work orders; a digit opens one. Enter takes one that comes by radio.",
    ),
    "page_orders_usual": (
        "对讲机派来的活: 按数字选是什么事,再输房号按Enter。这里没有的,按Enter按类别选。",
        "Work that comes by radio: a digit says what it is, then the room and Enter. Enter lists all other kinds.",
    ),
    "page_orders_take": (
        "接单: 选类别,选哪一句,再输房号,没有房号就空着。按Enter保存,开始计时。",
        "Taking an order: category, phrase, then the room, empty if there is none. Enter saves it, and its time runs.",
    ),
    "page_order": (
        "一张工单,Enter就是下一步: 接下、出发、到了、做完、客户确认。做不完按2延期一次,要回访按3。",
        "One order; Enter is its next step: accept, set out, arrived, done, confirmed. 2 postpones it once, 3 asks "
        "for a return visit.",
    ),
    "page_order_done": (
        "用了什么按数字说几个,场地清没清按1改。都对了按Enter,就是做完了。",
        "Say by digits what was used, and by 1 whether the area is clean. Enter then says that the work is done.",
    ),
    "page_order_count": ("输用了几个,按Enter。没用就输0。", "Type how many were used, then Enter. 0 is none."),
    "page_order_confirm": (
        "客户怎么说: 按数字选。有确认码或纸单号的,下一页输。",
        "What does the customer say? Choose by digit; a code or slip number is typed on the next page.",
    ),
    "page_order_value": (
        "输客户的确认码或纸单上的号,按Enter。输错了退格重来。",
        "Type the customer's code or the number on the slip, then Enter. Backspace rubs out.",
    ),
    "page_violations_record": (
        "违规的巡查记录: 谁做的,劝阻结果,几号房。没有房号就直接按Enter。",
        "The patrol record of a violation: who, what came of dissuading, which room. Without a room just Enter.",
    ),
    "page_violations_notice": (
        "劝阻通知书: 要求什么,纸上的编号,对方签没签。最后按9拍一张,按Enter保存。",
        "The dissuasion notice: what it asks for, its number, whether they signed. Then 9 for a photo, Enter saves.",
    ),
    "page_violations_report": (
        "报告书: 怎么报的,回执编号。最后按9拍回执,按Enter保存。",
        "The report: how it was handed in, the receipt's number. Then 9 for a photo of the receipt, Enter saves.",
    ),
    "page_surveys": (
        "要查验的有这几批。按数字选一批。",
        "What is inspected before it is handed over. Choose one by its digit.",
    ),
    "page_surveys_survey": (
        "这一批查到哪里了。按Enter查下一户,按1自己输房号,按2复验有缺陷的。",
        "How far it is. Enter goes on with the next dwelling, 1 takes a number, 2 looks at faults again.",
    ),
    "page_surveys_waiting": (
        "有缺陷、等建设单位修好的户。按数字去复验。",
        "Dwellings with faults that the builder has to put right. A digit looks at them again.",
    ),
    "page_surveys_unit": (
        "要查哪一户? 输房号,按Enter。设备房按数字选。",
        "Which one? Type its number, then Enter. A plant room has a digit.",
    ),
    "page_surveys_fitting": (
        "一项一项看。没问题按Enter,有缺陷按2。",
        "One thing after the other. Enter when it is right, 2 for a fault.",
    ),
    "page_surveys_fault": (
        "按数字选缺陷。要照片按9,按Enter保存;同一项还有缺陷按7。",
        "Choose the fault by digit. 9 for a photo, Enter saves; 7 when the same fitting has another fault.",
    ),
    "page_surveys_end": (
        "这一户查完了。选建设单位怎么说,签了字就输单号,按9拍查验单,按Enter确认。",
        "The visit is over. Choose what the builder says, type the sheet's number, 9 for a photo, Enter confirms.",
    ),
    "page_order_slip": (
        "客户签字的纸单。按9拍一张,按Enter确认,工单就完结。",
        "The slip that the customer signed. 9 takes a photo of it; Enter confirms, and the order is closed.",
    ),
    "page_photos": (
        "拍好的照片,还没记录。按数字删掉一张,按9再拍一张,按Enter继续。",
        "Photos taken, not recorded yet. A digit removes one, 9 takes another, Enter goes on.",
    ),
    "page_photos_files": (
        "这台手持机上的图片,新的在前。按数字选一张。",
        "Pictures on this handheld, the newest first. A digit chooses one.",
    ),
    "page_order_postpone": (
        "为什么要延期: 按数字选原因。一张单只能延期一次。",
        "Why later? Choose the reason by digit. An order is postponed once only.",
    ),
    "page_order_delay": (
        "延到什么时候: 按数字选。选好客户和主管都看得到。",
        "Until when? Choose by digit; customer and supervisor see it.",
    ),
    "page_order_reopen": (
        "为什么重开这张单: 按数字选原因。选好就又要重新做。",
        "Why is it opened again? Choose the reason by digit; then the work is to be done again.",
    ),
    "page_handover": (
        "交接班在这里: 接班先看交接单,交班先点物品。按数字选要做的。",
        "Handover: read the sheet before you take over, count before you give. Choose by digit.",
    ),
    "page_handover_posts": (
        "按数字选您在哪个岗位。选了才知道交接什么。",
        "Choose by digit the post where you are. What is handed over depends on it.",
    ),
    "page_handover_give": (
        "交班: 物品一样一样点,和上次一样就直接按Enter。再选要交代的话,最后看一遍按Enter交出。",
        "Giving over: count item by item; Enter alone means as expected. Then choose notes, read it once more, and "
        "Enter gives it.",
    ),
    "page_first_scan": (
        "这台手持机还没有入网: 用扫码头或摄像头扫办公室打印的入网单。"
        "扫码头没反应按4选,还不行按3把单上的数字一组组输进去。1换语言,2换大字。",
        "No office has let this handheld in: scan the sheet that the office printed. Where nothing scans, 4 chooses "
        "the scanner, and 3 takes the sheet's digits, group by group. 1 is the other language, 2 large letters.",
    ),
    "page_scanner_choice": (
        "按数字选扫码头接在哪里,再用它扫入网单试。插拔过就退出再进来,列表会更新。",
        "Choose by digit where the scanner is, then try it on the sheet. Plugged in since? Leave the page and come "
        "back: the list is made anew.",
    ),
    "page_scanner_choice_scanner_trial": (
        "用选中的扫码头扫入网单,或任何本系统的标签,读到就记住。串口读出乱码就按1换波特率。选错了不用管,时间到会换回原来的。",
        "Scan the sheet, or any label of this system, with the scanner that was chosen: once it reads, it is kept. "
        "Where a serial one reads nonsense, 1 takes another baud rate. A wrong choice goes by itself when the time is "
        "over.",
    ),
    "page_first_asks": (
        "正在按入网单上的网址找办公室,找不到会一直再试。按退格换一张入网单。",
        "It looks for the office at the sheet's address, again and again. Backspace takes another sheet.",
    ),
    "page_first_waits": (
        "办公室“手持机入网”页上,这台的6位码要和屏上一样,办公室点确认。或者本项目主管在这里扫工牌。断电也没关系。",
        "At the office, on its page of new handhelds, the same six characters stand beside its name, and the office "
        "confirms. Or a supervisor of the site scans a badge here. Switching off does no harm.",
    ),
    "page_first_fetches": (
        "办公室已经确认,正在取本项目的计划和人员。断网会自己再试。",
        "The office has let it in: plan and people of the site are on their way. It tries again by itself.",
    ),
    "page_first_ready": (
        "计划已经在这台上了,按Enter去签到。把名称贴到机身上,入网单撕掉。",
        "The site's plan is here, and Enter goes to sign in. Put the name onto the handheld and tear the sheet up.",
    ),
    "page_first_digits": (
        "入网单下方的数字,每5个一组。输错一组会马上说,退格回到前一组。",
        "These are the digits at the bottom of the sheet, in groups of five. A wrong group is told at once, and "
        "Backspace goes back.",
    ),
    "page_moving_move": (
        "这台已经入网。扫到另一张入网单,要主管同意才会换到那边: 另起记录本,这里的班和轮次结束。",
        "This handheld belongs to an office already. A supervisor has to agree before a sheet takes it elsewhere: it "
        "begins a new logbook there, and the shift and round here end.",
    ),
    "page_takeover_take_over": (
        "别的手持机坏了,用这台接着干。先由主管扫工牌,或输主管工号和密码。",
        "Another handheld broke, and this one goes on with its work. A supervisor scans a badge, or types number and "
        "PIN.",
    ),
    "page_takeover_post": (
        "选坏了的那台在哪个岗位。办公室知道它做到哪里,下一页就说。",
        "Choose the post where the broken handheld was. The next page says how far it had got, as the office knows.",
    ),
    "page_messages_message": (
        "办公室发来的消息。看完按Enter,办公室就知道谁看了。",
        "A message from the office. Enter says you have read it, and the office sees by whom.",
    ),
    "page_takeover_known": (
        "办公室最后知道的情况: 谁当班、正走哪一轮、到过哪些点。选是哪一台,连不上也能接班。接过来后班员重新签到。",
        "This is what the office last knew: who is on shift, which round, which points. Choose which one it is; "
        "without the office the work goes on all the same. Then the crew signs in here again.",
    ),
    "page_handover_given": (
        "交接单已交。接班的人看这里,或把这些数字输到他的手持机;您按Enter下班,退格留下。",
        "The sheet is given. Your relief reads it here, or types these digits on another handheld; Enter ends your "
        "shift, Backspace stays.",
    ),
    "page_handover_take": (
        "这是上一班留下的交接单,一页一页看,最后按Enter接班。想重点一遍物品按8。",
        "This is what the shift before left: page through it, and Enter on the last page takes over. 8 counts the "
        "items again.",
    ),
    "page_handover_recount": (
        "接班的人自己再点一遍: 数目一样就按Enter,不一样就输实际的。最后一样按Enter接班。",
        "Whoever takes over counts too: Enter where it agrees, else type what there is. Enter at the last item takes "
        "over.",
    ),
    "page_handover_code": (
        "在另一台手持机上看过交接单的,把那里的16位数字输到这里。按Enter接班。",
        "The sheet was read on another handheld: type its 16 digits here. Enter takes over.",
    ),
    "page_handover_why": (
        "为什么没看交接单就接班: 按数字选原因。会被标记。",
        "Why is the post taken without reading the sheet? Choose the reason by digit; it is marked.",
    ),
    "page_handover_stand_in": (
        "顶班: 先选谁来顶(只有一人就不问),再选替谁。都按数字。",
        "Standing in: first who does (not asked when there is one), then for whom. Choose by digits.",
    ),
    "page_places": (
        "这里是今天要做的地点,第一处是下一处。走到那里扫码就算到了,Enter是去下一处。",
        "These are the places of today; the first one is next. Walk there and scan its code; Enter shows the way.",
    ),
    "page_places_all": (
        "今天所有地点,做完的排在后面。按数字看一处要做什么。",
        "All places of today, those that are done last. A digit shows what is to be done at one.",
    ),
    "page_place_go": (
        "这处怎么走,要做什么。到了扫码或站到信标旁;读不了按1输码,做不了按2选原因。",
        "How to get to this place and what is to be done. Scan its code or stand at its beacon; 1 types the code, "
        "2 says why it cannot be done.",
    ),
    "page_place": (
        "这里要做的事和做好的样子。都做好按Enter;哪项没做好按它的数字。",
        "What is to be done here, and how it looks when it is done. Enter: all done. The digit of an item says "
        "otherwise.",
    ),
    "page_place_shut": (
        "这处现在做不了。按数字选原因,不算漏做。",
        "Nothing can be done at this place now. Choose why by its digit: then it is not missed.",
    ),
    "page_place_why": (
        "这一项没做好。有问题按上报那一行,没法做就选原因。",
        "This item is not done. Report a problem by the first line, or choose why it could not be done.",
    ),
    "page_team": (
        "领班给全班签到。没来的按数字去掉,再按Enter。",
        "The leader signs the team in. Take out who is absent by digit, then Enter.",
    ),
    "page_team_teams": (
        "您带几个班组。按数字选要签到的那个。",
        "You lead several teams. Choose the one to sign in by its digit.",
    ),
    "page_team_names": (
        "不用密码的人在这里选自己的姓名。按数字就签到了。",
        "Whoever needs no PIN chooses their own name here. The digit signs in.",
    ),
    "page_duty": (
        "谁在岗、在了多久、下一条值班记录什么时候写。Enter写记录,按1请人接班。",
        "Who is on duty and for how long, and when the next entry is due. Enter writes it, 1 asks for relief.",
    ),
}

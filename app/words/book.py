"""The handheld's own book: its disk, its keys, what checking it found."""

TABLE = {
    "in_use": (
        "数据目录正被另一个程序使用:{folder}。请先关闭那个程序",
        "another program is using the data directory {folder}: close it first",
    ),
    "newer": (
        "这本记录是更新的程序写的(格式{found}),本程序 {version} 只会格式{ours},不能往里写。请用新程序打开",
        "a newer program wrote this book (form {found}); this one, {version}, writes form {ours} and leaves it alone: "
        "open it with the newer program",
    ),
    "disk_full": (
        "存储已满,无法记录。请清理空间或联系管理员",
        "the storage is full, nothing can be recorded: free some space or call the administrator",
    ),
    "no_reserve": (
        "存储空间不够走完一轮,不能开始。请清理空间或联系管理员",
        "there is no room left for a whole round: free some space or call the administrator, then start",
    ),
    "read_only": (
        "存储只读,无法记录。请联系管理员",
        "the storage is read-only, nothing can be recorded: call the administrator",
    ),
    "disk_error": (
        "存储出错({why}),未能记录。请联系管理员",
        "the storage failed ({why}), nothing was recorded: call the administrator",
    ),
    "disk_unread": (
        "存储读不出({why}),已有的记录没有改动。请再试;仍这样就联系管理员",
        "the storage cannot be read ({why}); what was recorded is unchanged. Try again; if it stays so, call the "
        "administrator",
    ),
    "another": ("已经换了新的记录本,接着传新的", "another logbook has begun here; it goes on with that one"),
    "unknown": (
        "存储没有明确答复,不能确定是否已记录。请重新打开程序后核对",
        "the storage gave no clear answer, it is not known if this was recorded: open the program again and look",
    ),
    "no_book": (
        "此目录没有记录本:{folder}",
        "there is no book in {folder}",
    ),
    "closed": ("记录本已关闭", "the book is closed"),
    "blob_too_large": ("文件太大:{size}字节,最多{limit}", "the file is too large: {size} bytes, at most {limit}"),
    "blob_type": ("只收 JPEG 或 PNG 图片", "only JPEG or PNG pictures are taken"),
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
    "checked": ("记录本 {book}", "book {book}"),
    "whole": ("核对通过", "WHOLE"),
    "broken": ("核对未通过", "NOT WHOLE"),
    "all_whole": ("{count}本都核对通过", "every book is whole: {count}"),
    "not_all_whole": ("{count}本中有未通过的", "of the books not every one is whole: {count}"),
    "nothing_to_check": ("没有可核对的记录", "there is nothing to check"),
    "trusted": ("指纹与给定的一致", "the fingerprint is the one you gave"),
    "untrusted": (
        "指纹与给定的不一致:这不是那台手持机的记录本",
        "the fingerprint is not the one you gave: this is another book",
    ),
    "counted": ("有{records}条,编号到{head}", "records: {records}, up to number {head}"),
    "hole": ("第{numbers}条已损坏,本机已登记", "lost, and declared by the book: {numbers}"),
    "purged": (
        "{count}条已按期清除,只留编号和校验值",
        "removed on purpose when their time was over: {count}; number and hash are left",
    ),
    "unattached": (
        "第 {numbers} 条的附件不在本机,或与登记的不符",
        "attachments are not here, or not as they were, of record {numbers}",
    ),
    "loose": (
        "{count}条夹在已清除的记录之间,没有签名可以证明",
        "between removed records, covered by no signature: {count}",
    ),
    "set_aside": (
        "{count}处内容不是记录,办公室已另存,不作数",
        "no records, set aside by the office and not counted: {count}",
    ),
    "signed": ("本机签名到第{seq}条", "signed by the handheld up to record {seq}"),
    "acked": ("办公室回执到第{seq}条", "received by the office up to record {seq}, by its receipts"),
    "unchecked": (
        "{count}个办公室回执无法核对:不知道办公室的密钥",
        "receipts not checked, as the office's key is not known here: {count}",
    ),
    "no_receipt": (
        "没有办公室回执:末尾若被删去,单凭此本看不出来",
        "there is no receipt of an office: were the end taken away, this book alone would not show it",
    ),
    "witnessed": ("另一记录本见证到第{seq}条", "another book here saw it up to record {seq}"),
    "unsigned": ("第{numbers}条还没有签名或回执", "nobody has signed yet for: {numbers}"),
    "witnesses": (
        "记有其他记录本的见证{count}次,{agreeing}次核对相符",
        "heads of other books seen: {count}; agreeing with books given here: {agreeing}",
    ),
    "jumps": (
        "时钟跳变{count}次,在第 {places} 条。次序以编号为准",
        "jumps of the clock: {count}, at record {places}; the order is by number",
    ),
    "unfinished": ("末尾有{size}字节未写完", "{size} unfinished bytes at the end"),
    "after": ("接续记录本 {book}", "goes on from book {book}"),
    "removed_held": (
        "记录本 {book} 已按期从本机移除:共{seq}条,办公室有全部,回执在此",
        "book {book} was removed from here when its time was over: the office holds all its {seq} records, by the "
        "receipt kept here",
    ),
    "removed_unchecked": (
        "记录本 {book}({seq}条)已从本机移除,但它的办公室回执无法核对:请问办公室",
        "book {book} ({seq} records) was removed from here, but the office's receipt for it cannot be checked: ask the "
        "office",
    ),
    "removed_asked": (
        "给定的指纹就是它的。本机不再有它的密钥记录,无法证明接续:请用办公室的那份核对",
        "that is the book whose fingerprint you gave. Its keys are no longer here, so nothing here shows that this "
        "book goes on from it: check the office's copy",
    ),
    "ended": ("已结束:{reason}", "closed: {reason}"),
    "closed_fork": ("与办公室的不一致", "the office's copy was another"),
    "closed_site": ("本机换了小区", "the handheld moved to another site"),
    "closed_wiped": ("本机已清空", "the handheld was wiped"),
    "closed_office": ("办公室要求", "the office asked for it"),
    # what `verify` says at the first place that is wrong: what it means, and what to do
    "fault_unreadable": (
        "第{seq}条起存储有损坏,尚未登记。打开一次程序就会登记,再核对",
        "the storage is damaged from record {seq} on and the book does not declare it yet. Open the program once: it "
        "does, then check again",
    ),
    "fault_not_a_line": (
        "文件第{line}行不是导出的记录。请重新导出;仍这样就联系主管",
        "line {line} of the file is not an exported record. Export it again; if it stays so, call the manager",
    ),
    "fault_not_canonical": (
        "第{seq}条不是规范写法,不是本程序写的原样。请向办公室要这条的原文比对",
        "record {seq} is not in canonical form: it is not as the program wrote it. Compare it with the office's copy",
    ),
    "fault_fork": (
        "第{seq}条有两个不同的版本:同一本被写了两次。请联系主管,两份都要留着",
        "there are two different records {seq}: this book was written twice. Keep both and call the manager",
    ),
    "fault_repeated": (
        "第{seq}条重复,或次序不对。请重新导出;仍这样就联系主管",
        "record {seq} is there twice or out of order. Export it again; if it stays so, call the manager",
    ),
    "fault_altered": (
        "第{seq}条与前一条接不上:其中一条被改动过。请与办公室的比对",
        "record {seq} does not follow from the one before: one of the two was changed. Compare with the office's copy",
    ),
    "fault_note": (
        "第{seq}条前的附注(文件第{line}行)被改动过。记录本身请另行核对",
        "the unnumbered line before record {seq} (line {line} of the file) was changed. Ask for another export",
    ),
    "fault_closed": (
        "记录本已结束,第{seq}条却写在后面。请联系主管",
        "record {seq} was written after the book was closed. Call the manager",
    ),
    "fault_missing": (
        "从第{seq}条起有缺失,且没有说明。请向办公室查这几条",
        "records are missing from {seq} on, and nothing declares it. Ask the office for them",
    ),
    "fault_wrong_key": (
        "第{seq}条的首钥与记录本不符:这不是它自称的那本。请联系主管",
        "the first key in record {seq} is not this book's: it is not the book it says it is. Call the manager",
    ),
    "fault_certificate": (
        "第{seq}条换的密钥不是由前一密钥签发:此后可能是别人写的。请联系主管",
        "the key in record {seq} is not certified by the key before it: somebody else may have written from there on. "
        "Call the manager",
    ),
    "fault_key_lost": (
        "换密钥的记录已丢失,第{seq}条起的签名无法核对。请用办公室的那份核对",
        "the record of a change of key is lost: from record {seq} on signatures cannot be checked. Check the office's "
        "copy instead",
    ),
    "fault_pruned": (
        "第{seq}条的清除登记与记录本不符。请向办公室查被清除的记录",
        "record {seq} says that records were removed, but the chain there is another. Ask the office for them",
    ),
    "fault_head": (
        "第{seq}条处的签名不对:到此为止的记录可能被换过。请与办公室的比对",
        "the signature over record {seq} is wrong: records up to there may have been replaced. Compare them with the "
        "office's copy",
    ),
    "fault_receipt": (
        "第{seq}条处的办公室回执不对:办公室收到的是别的内容,或回执是假的。请问办公室",
        "the office's receipt for record {seq} is wrong: it received something else, or the receipt is forged. Ask the "
        "office",
    ),
    "fault_cut": (
        "末尾被删去:有签名或回执证明第{seq}条存在过,现只到第{head}条。请向办公室查",
        "the end was taken away: something signed speaks of record {seq}, but the last is {head}. Ask the office",
    ),
    "fault_witness": (
        "另一记录本见到的第{seq}条与此不同,或此本已没有:末尾被删或改过。请联系主管",
        "another book saw record {seq} otherwise, or it is no longer here: the end was taken away or changed. Call the "
        "manager",
    ),
    "fault_successor": (
        "后一本没有从这里接上,或接的不是第{seq}条前的内容。请联系主管,两本都要留着",
        "the next book does not go on from the end of this one: they part at record {seq}. Keep both, call the manager",
    ),
    # what `log` says of a record of each kind; the fields are members of its body
    "log_book.opened": ("开本({program})", "the book was opened ({program})"),
    "log_book.enrolled": ("在办公室登记:{device},{site}", "enrolled at the office: {device}, {site}"),
    "log_book.pruned": ("清除第{from}-{to}条", "records {from}-{to} were removed"),
    "log_book.removed": ("移除记录本 {book},共{seq}条", "book {book} was removed, {seq} records"),
    "log_book.closed": ("记录本结束:{reason}", "the book was closed: {reason}"),
    "log_key.certified": ("更换签名密钥", "the signing key was changed"),
    "log_damage.declared": ("登记损坏:第{from}-{to}条", "lost by damage: records {from}-{to}"),
    "log_shift.opened": ("给{crew}签到上班", "signed {crew} on"),
    "log_shift.opened_self": ("签到上班", "came on duty"),
    "log_shift.closed": ("交班", "shift closed"),
    "log_crew.joined": ("签到:{person}({method})", "signed in: {person} ({method})"),
    "log_crew.joined_self": ("签到({method})", "signed in ({method})"),
    "log_crew.left": ("离班:{person} {words}", "left the shift: {person} {words}"),
    "log_handheld.took-over": ("顶替坏机:{before} {post}", "took over from a broken handheld: {before} {post}"),
    "log_pin.tried": ("输密码:{person}", "PIN entered: {person}"),
    "log_pin.refused": ("密码不对:{person}", "PIN wrong: {person}"),
    "log_pin.unlocked": ("密码解锁:{person}", "PIN unlocked: {person}"),
    "log_round.started": ("开始一轮:{route} {alone_words} {marks}", "round started: {route} {alone_words} {marks}"),
    "log_round.rechecked": ("途中再签:{person}({method})", "seen again on the way: {person} ({method})"),
    "log_round.rechecked_self": ("途中再签({method})", "seen again on the way ({method})"),
    "log_stop.arrived": ("到点:{point}({grade}) {marks}", "at {point} ({grade}) {marks}"),
    "log_stop.skipped": ("去不了:{stop},{words}", "not reached: {stop}, {words}"),
    "log_check.answered": ("检查:{words} {ok} {marks}", "check: {words} {ok} {marks}"),
    "log_tag.calibrated": ("测信标:{point} {tag} {level} dBm", "tag measured: {point} {tag} {level} dBm"),
    "log_tag.seen": ("不认识或可疑的信标 {tag} {marks}", "unknown or suspect beacon {tag} {marks}"),
    "log_code.seen": ("不认识的码 {text}", "unknown code {text}"),
    "log_finding.raised": (
        "报问题:{words} {point} {urgent} {attachments}",
        "finding: {words} {point} {urgent} {attachments}",
    ),
    "log_finding.corrected": ("已整改 {finding}:{words} {attachments}", "put right {finding}: {words} {attachments}"),
    "log_finding.noticed": (
        "整改通知 {finding}:{demand},派给{to} {firm},限{due}",
        "rectification notice {finding}: {demand}; for: {to} {firm}; by {due}",
    ),
    "log_finding.postponed": ("问题{finding} 延期到{due}:{words}", "finding {finding} postponed to {due}: {words}"),
    "log_finding.reopened": (
        "问题{finding} 重新打开:{words},限{due}",
        "finding {finding} open again: {words}; by {due}",
    ),
    "log_request.received": (
        "报事报修:{words} {room} {point} {phone} {reply}",
        "request: {words} {room} {point} {phone} {reply}",
    ),
    "log_request.closed": ("报事{request} {end} {reply}", "request {request}: {end} {reply}"),
    "log_fixed": ("当场整改", "fixed on the spot"),
    "log_satisfied": ("满意", "satisfied"),
    "log_not_satisfied": ("不满意", "not satisfied"),
    "log_finding.photographed": ("问题{finding} 拍照 {attachments}", "finding {finding}: {attachments}"),
    "log_finding.rechecked": ("复查 {finding}:{words} {ok} {point}", "re-check {finding}: {words} {ok} {point}"),
    "log_order.taken": ("接单:{words} {room} {point} {urgent}", "order: {words} {room} {point} {urgent}"),
    "log_order.accepted": ("工单{order} 接单处理:{person}", "order {order} accepted: {person}"),
    "log_order.going": ("工单{order} 已出发", "order {order}: on the way"),
    "log_order.arrived": ("工单{order} 到场 {point} {proved}", "order {order}: there {point} {proved}"),
    "log_order.done": (
        "工单{order} 修好 {parts} {clean} {late} {attachments}",
        "order {order}: done {parts} {clean} {late} {attachments}",
    ),
    "log_order.photographed": ("工单{order} 拍照 {attachments}", "order {order}: {attachments}"),
    "log_order.confirmed": (
        "工单{order} 客户确认:{how} {value} {attachments}",
        "order {order}, customer: {how} {value} {attachments}",
    ),
    "log_order.postponed": ("工单{order} 延期:{words}", "order {order} postponed: {words}"),
    "log_order.reopened": ("工单{order} 返工:{words}", "order {order} reopened: {words}"),
    "log_order.visit": ("工单{order} 要回访", "order {order}: return visit asked for"),
    "log_order.visited": ("工单{order} 回访:{satisfied} {words}", "order {order}, return visit: {satisfied} {words}"),
    "log_order.dispatched": (
        "工单{order} 派给{to} {person} {post} {words}",
        "order {order} given to: {to} {person} {post} {words}",
    ),
    "log_violation.recorded": ("违规巡查记录 {finding}:{words} {room}", "patrol record {finding}: {words} {room}"),
    "log_violation.noticed": (
        "劝阻通知书 {finding}:编号{number} {words} {signed} 限{comply} {attachments}",
        "dissuasion notice {finding}: no. {number}, {words}, {signed}, to be done by {comply} {attachments}",
    ),
    "log_violation.reported": (
        "违规报告书 {finding}:{words} {handed} {number} {attachments}",
        "report {finding}: {words}, {handed} {number} {attachments}",
    ),
    "log_survey.checked": (
        "查验 {unit}:{words} {ok} {attachments}",
        "inspection {unit}: {words} {ok} {attachments}",
    ),
    "log_survey.closed": (
        "查验 {unit} 双方确认:缺陷{faults}条 {how} {number} {attachments}",
        "inspection {unit}, both sides: faults {faults}, {how} {number} {attachments}",
    ),
    "log_proved_label": ("扫码证实", "proved by the label"),
    "log_proved_near": ("信标证实", "proved by the beacon"),
    "log_proved_other": (
        "扫了此处标签,不能证明就是该到的位置",
        "its label was read; that this is the place is not proved",
    ),
    "log_proved_word": ("没有扫码证明", "no label proves it"),
    "log_clean": ("现场已清理", "area left clean"),
    "log_not_clean": ("现场没清理", "area not clean yet"),
    "log_alarm.raised": ("报警!{point} {how} {who}", "alarm! {point} {how} {who}"),
    "alarm_silent": ("静默报警", "silent alarm"),
    "alarm_not-answered": ("没有应答,自动报警:", "no answer, raised by itself:"),
    "log_lone.answered": ("平安确认 {point} {urged}", "is well {point} {urged}"),
    "log_urged": ("催问后才应答", "only after the second asking"),
    "log_round.finished": (
        "结束一轮:应巡{planned} 实巡{done} 漏{missed} {marks}",
        "round finished: planned {planned}, done {done}, missed {missed} {marks}",
    ),
    "log_round.late-entry": ("补录:{route},纸质 {paper}", "entered afterwards: {route}, paper {paper}"),
    "log_message.sent": ("发通知 {post}{person}:{words}", "message {post} {person}: {words}"),
    "log_message.read": ("已读通知{message}", "read message {message}"),
    "log_review.accepted": ("复核通过:{rounds}", "review, accepted: {rounds}"),
    "log_review.returned": ("复核退回:{shown},{words}", "review, sent back: {shown}, {words}"),
    "log_review.withdrawn": ("撤销复核:{rounds}", "review taken back: {rounds}"),
    "log_review.answered": ("答复退回 {walked}:{words}", "answer to {walked}: {words}"),
    "log_figure.entered": (
        "手填{month} {figure}:{value},{words}",
        "by hand, {month} {figure}: {value}, {words}",
    ),
    "log_figure.withdrawn": ("手填撤回:{month} {figure}", "entry by hand withdrawn: {month} {figure}"),
    "log_case.kept": ("典型案例{month}:{case} {words}", "typical case {month}: {case} {words}"),
    "log_case.dropped": ("不再作典型案例{month}:{case}", "no longer a typical case {month}: {case}"),
    "log_review.signed": ("复查签字:{shown} {words}", "re-check signed: {shown} {words}"),
    "log_point.excused": ("免巡:{point},{words}", "excused: {point}, {words}"),
    "log_mark.explained": ("说明{mark}:{words}", "explained ({mark}): {words}"),
    "log_witness.seen": ("见证另一记录本 {book} {seq} {code}", "saw another book {book} {seq} {code}"),
    "log_register.entered": ("登记:{register} {words}", "register: {register} {words}"),
    "log_register.ended": ("登记结束:{register} {late}", "register line ended: {register} {late}"),
    "log_procedure.opened": ("启动预案:{name} {exercise} {point}", "emergency: {name} {exercise} {point}"),
    "log_procedure.assembled": ("到位:{team} {late} {point}", "team is there: {team} {late} {point}"),
    "log_procedure.ticked": ("完成一步:{words} {late}", "step done: {words} {late}"),
    "log_procedure.counted": ("清点物资:{material} {count}/{wanted}", "material counted: {material} {count}/{wanted}"),
    "log_procedure.reported": ("汇报:{team} {words}", "report: {team} {words}"),
    "log_procedure.unticked": ("撤回一步(误记):{words}", "step taken back, ticked by mistake: {words}"),
    "log_procedure.closed": ("预案结束 {missing}", "the emergency has ended {missing}"),
    "log_missing": ("没有汇报:{teams}", "no report from: {teams}"),
    "log_post.manned": ("到岗:{post}", "at post: {post}"),
    "log_post.stood-in": ("顶班:{person}替{for},{post}", "stands in: {person} for {for}, {post}"),
    "log_relief.asked": (
        "请人接班:{post},{person}在岗{minutes}分钟(限{hours}小时)",
        "relief asked for: {post}, {person} there for {minutes} min (limit {hours} h)",
    ),
    "log_relief.missing": ("接班人没来:{post}", "the relief did not come: {post}"),
    "log_and": ("、", ", "),
    "log_handover.given": ("交班:{post} {words}", "given over: {post} {words}"),
    "log_handover.taken": (
        "接班:{post} {override} {words} {code}",
        "taken over: {post} {override} {words} {code}",
    ),
    "log_unread": ("没看交接单,原因:", "without reading the sheet, because:"),
    "log_late": ("超时", "late"),
    "log_exercise": ("演练", "a drill"),
    "log_ok": ("正常", "in order"),
    "log_not_ok": ("不正常", "not in order"),
    "log_urgent": ("加急", "urgent"),
}

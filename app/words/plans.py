"""What is wrong with a plan file or a people file, and what to write instead."""

TABLE = {
    "at": ("{place}: {sentence}", "{place}: {sentence}"),
    "at_warning": ("{place}：提醒：{sentence}", "{place}: warning: {sentence}"),
    "more": ("另有{count}处未列出，先改上面的", "{count} more are not listed: mend these first"),
    "line": ("第{n}行", "line {n}"),
    # the file as a whole
    "unreadable": (
        "文件打不开（{why}），请检查文件名和权限",
        "cannot open the file ({why}): check its name and rights",
    ),
    "too_large": (
        "文件{size}字节，超过上限{limit}，请按小区拆开",
        "the file has {size} bytes, more than {limit}: one file per site",
    ),
    "not_utf8": ("文件不是UTF-8编码，请另存为UTF-8", "not UTF-8: save the file with UTF-8 encoding"),
    "control": ("含看不见的控制字符{code}，请删去", "holds the invisible control character {code}: delete it"),
    "tab": ("用Tab缩进了，请改用空格", "indented with a tab: use spaces"),
    "not_yaml": (
        "不合YAML写法，请检查缩进、引号、括号，冒号后要空一格",
        "not YAML: check indent, quotes, brackets, and the space after each colon",
    ),
    "empty": ("文件是空的，请照示例填写", "the file is empty: start from the example"),
    "many_documents": ("一个文件只写一份计划，请删去这个---", "one plan per file: delete this ---"),
    "too_deep": ("嵌套超过{limit}层，请照示例的层次写", "nested deeper than {limit} levels: follow the example"),
    "alias": ("不能用*{name}引用，请把内容写出来", "no references (*{name}): write the content out"),
    "anchor": ("不能用&{name}标记，请删去；文字请加引号", "no anchors (&{name}): delete it, or quote the text"),
    "tag": ("不能用YAML标签（{name}），请删去；文字请加引号", "no tags ({name}): delete it, or quote the text"),
    # tables and keys
    "need_table": ("这里应逐项写：{keys}", "here stand the keys: {keys}"),
    "need_ids": ("这里应按“id: 内容”逐个写", "here stand things under their ids, `id: ...`"),
    "too_many": (
        "一个文件里最多{limit}个，这里有{count}个，请拆开",
        "{count} are too many for one file, at most {limit}: split it",
    ),
    "need_list": ("这里应是列表，如[a, b]", "here stands a list, as in [one, two]"),
    "need_value": ("这里应是一个值，不是列表或多项", "here stands a single value, not a list or a table"),
    "no_value": ("这里是空的，请填写或删去此项", "nothing stands here: fill it in or delete the key"),
    "bad_key": ("项名应是一个词，请改正", "a key must be a plain word: correct it"),
    "duplicate_key": (
        "“{name}”在{first}已写过，请改名或删去",
        "{name!r} already stands in {first}: rename or delete",
    ),
    "missing_key": ("缺少“{name}”，请补上", "{name!r} is missing: add it"),
    "unknown_key": ("没有“{name}”这一项，可写：{known}", "there is no key {name!r}; possible: {known}"),
    "unknown_key_near": ("没有“{name}”这一项，是不是“{near}”？", "there is no key {name!r}: do you mean {near!r}?"),
    "secret": (
        "“{name}”是秘密，不能写在文件里，请删去，到办公室系统里设置",
        "{name!r} is a secret and never stands in a file: delete it and set it at the office",
    ),
    # single values
    "no_text": ("没有文字，请写中文，或分zh和en写", "no text: write it, or give zh and en"),
    "too_long": ("文字超过{limit}个字符，请写短", "longer than {limit} characters: shorten it"),
    "unsafe_text": ("文字里有看不见的字符，请重新打一遍", "holds invisible characters: type it anew"),
    "bad_id": (
        "编号“{name}”写法不对：小写字母、数字、连字符，不超过40个",
        "{name!r} is no id: small letters, digits and hyphens, at most 40",
    ),
    "not_one_of": ("没有“{value}”，可写：{allowed}", "{value!r} is not possible; write one of: {allowed}"),
    "not_one_of_near": ("没有“{value}”，是不是“{near}”？", "{value!r} is not possible: do you mean {near!r}?"),
    "bad_int": ("“{value}”不对，应是{low}到{high}的整数", "{value!r} is wrong: a whole number from {low} to {high}"),
    "bad_target": ("“{value}”不对，应是0到{high}的数", "{value!r} is wrong: a number from 0 to {high}"),
    "no_indicator": (
        "没有指标 {name}。可写：{names}",
        "no indicator is called {name}. There are: {names}",
    ),
    "bad_decimal": ("“{value}”不是数，请写成0.35这样", "{value!r} is not a number: write it like 0.35"),
    "bad_yes_no": ("“{value}”不对，请写true或false", "{value!r} is wrong: write true or false"),
    "bad_time": ("“{value}”不是时间，请写成22:00", "{value!r} is not a time of day: write it like 22:00"),
    "bad_date": ("“{value}”不是日期，请写成2026-12-01", "{value!r} is not a date: write it like 2026-12-01"),
    "no_such_day": ("没有{value}这一天，请改正", "there is no day {value}: correct it"),
    "bad_span": (
        "“{value}”不对，写成2026-10-01..2026-10-07，不超过61天",
        "{value!r} is wrong: write 2026-10-01..2026-10-07, at most 61 days",
    ),
    "bad_zone": ("没有时区“{value}”，是不是{near}？", "there is no time zone {value!r}: do you mean {near}?"),
    "bad_deadline": (
        "“{value}”不是期限，写same-day，或数字加min、h、d、wd（工作日），如15min、8h、2d、3wd",
        "{value!r} is no time limit: write same-day, or 1 to 999 with min, h, d or wd (working days), as in 3wd",
    ),
    "bad_digits": ("“{value}”不对，应是{low}到{high}位数字", "{value!r} is wrong: {low} to {high} digits"),
    "no_roles": ("没有写角色，如[guard]", "no role stands here: write for example [guard]"),
    "nobody": (
        "没有给任何人角色，没人能签到，写成guard: [zhang-wei]",
        "nobody has a role, so nobody could sign in: write for example guard: [zhang-wei]",
    ),
    # tags and evidence
    "bad_uuid": ("“{value}”不是UUID，应为8-4-4-4-12位十六进制", "{value!r} is no UUID: hex digits as 8-4-4-4-12"),
    "bad_ibeacon": (
        "“{value}”不对，写成uuid/major/minor；在site写了ibeacon可只写major/minor",
        "{value!r} is wrong: write uuid/major/minor, or major/minor when the site has an ibeacon UUID",
    ),
    "bad_major_minor": ("“{value}”中major和minor应为0到65535", "{value!r}: major and minor go from 0 to 65535"),
    "bad_eddystone": (
        "“{value}”不对，应为20位/12位十六进制",
        "{value!r} is wrong: 20 hex digits, a slash, 12 hex digits",
    ),
    "bad_address": (
        "“{value}”不是蓝牙地址，写成C0:11:22:33:44:55",
        "{value!r} is no Bluetooth address like C0:11:22:33:44:55",
    ),
    "bad_altbeacon": ("“{value}”不对，应为40位十六进制", "{value!r} is wrong: 40 hex digits"),
    "bad_url": ("“{value}”不是网址，写成https://x.cn/1", "{value!r} is no address like https://x.cn/1"),
    "bad_service": ("“{value}”不是服务UUID，写成fee7", "{value!r} is no service UUID like fee7"),
    "one_identity": (
        "每个信标写一个标识：ibeacon、eddystone-uid、altbeacon、eddystone-url、bthome或generic",
        "each tag has one identity: ibeacon, eddystone-uid, altbeacon, eddystone-url, bthome or generic",
    ),
    "open_rule": (
        "这条tag_rules没有写company或service，也没有写name（只按名称时不写size）",
        "this rule needs company or service, or only a name (then without size)",
    ),
    "no_section": (
        "没有{name}这一部分，有{count}处用到，请补上",
        "there is no section {name!r}: add it (places that lead into it: {count})",
    ),
    "no_rule": ("generic信标要先写tag_rules", "a generic tag needs tag_rules"),
    "never_near": (
        "{format}信标不报信号强度，不测near就永远不算到位，请现场测量",
        "a {format} tag does not tell its level: without near it never counts, measure it there",
    ),
    "no_measure": (
        "没有测量项“{value}”，可写temperature、humidity等，全部见docs/hardware.md",
        "no tag measures {value!r}: write temperature, humidity or another name of docs/hardware.md",
    ),
    "no_sensor": (
        "检查项{check}由传感器读{measure}，而{point}没有传感器：在它的tags里写bthome，或给信标写address",
        "check {check} reads {measure} from a sensor, and {point} has none: give it a bthome tag, or a tag's address",
    ),
    "no_proof": (
        "这个点没有信标、标签和编号，无法证明到位，请加tags、label或code",
        "nothing proves being here: add tags, label or code",
    ),
    "grade_needs_tag": ("grade为{grade}却没有信标，请加tags", "grade {grade} needs a beacon: add tags"),
    "grade_needs_label": ("grade为{grade}却没有标签，请加label: true", "grade {grade} needs a label: add label: true"),
    "same_tag": (
        "信标{tag}在{first}已属于{point}，请改正一个",
        "tag {tag} already belongs to {point} ({first}): correct one of them",
    ),
    "same_code": (
        "编号{code}在{first}已属于{point}，请换一个",
        "code {code} already belongs to {point} ({first}): choose another",
    ),
    "bad_tag_name": (
        "信标名{value}要用小写字母、数字和连字符，最多40个；密钥用 watchbook-office tag key 录入",
        "tag name {value!r} wants lower-case letters, digits and hyphens, at most 40; its key goes in with "
        "`watchbook-office tag key`",
    ),
    "never_anti_clone": (
        "grade为anti-clone，但点上没有会轮换（eddystone-eid）或加密（bthome）的信标，永远达不到",
        "grade anti-clone needs a tag that changes (eddystone-eid) or enciphers (bthome): nothing here reaches it",
    ),
    "shared_uuid": (
        "{count}个信标用出厂UUID {uuid}，邻居的也会被认成我们的，请改成自己的UUID",
        "beacons ship with the UUID {uuid} (tags here: {count}); neighbours have it too: set your own",
    ),
    # checklists
    "empty_checklist": ("检查表是空的，请加检查项或删去此表", "the checklist is empty: add checks or delete it"),
    "not_for_kind": (
        "{kind}类检查不用“{name}”，它只用于{kinds}",
        "a check of kind {kind} has no {name!r}; {kinds} has",
    ),
    "needs_beside": ("写了“{name}”就要写“{beside}”", "{name!r} means nothing without {beside!r}: add it"),
    "lone_group": (
        "“{name}”这一组要有两项以上，单位相同",
        "group {name!r} needs two checks or more, all of one unit",
    ),
    "bad_limit": (
        "“{value}”不是时限，写时刻（22:30）或时长（4h、30min）",
        "{value!r} is no limit: write a time of day (22:30) or a span (4h, 30min)",
    ),
    "limit_without_end": ("有limit就要写ends（怎样算结束）", "with a limit, say in `ends` what ends a line"),
    "steps_or_teams": ("写steps或teams，两者只写一个", "write either steps or teams"),
    "unit_twice": ("{name} 写了两次", "{name} stands there twice"),
    "few_choices": ("至少写两个choices", "write at least two choices"),
    "many_choices": (
        "选项最多{limit}个（一个数字键一个），请删减",
        "at most {limit} choices, one to a digit: leave some out",
    ),
    "no_good_choice": ("所有选项都是ok: false，至少一个应为正常", "every choice is ok: false; at least one must be OK"),
    "too_many_decimals": (
        "{value}的小数多于decimals: {decimals}，手持机输不出，请改一个",
        "{value} has more digits than decimals: {decimals} lets a crew type; change one of them",
    ),
    "low_above_high": ("下限{low}高于上限{high}，请改正", "low {low} is above {high}: correct one of them"),
    "no_source": ("有上下限却没写source，请写依据哪份文件", "limits without a source: name the paper they come from"),
    # references
    "unknown_areas": ("没有片区“{name}”，请改正或加到areas", "there is no area {name!r}: correct it or add the area"),
    "unknown_areas_near": ("没有片区“{name}”，是不是“{near}”？", "there is no area {name!r}: do you mean {near!r}?"),
    "unknown_points": (
        "没有点位“{name}”，请改正或加到points",
        "there is no point {name!r}: correct it or add the point",
    ),
    "unknown_points_near": ("没有点位“{name}”，是不是“{near}”？", "there is no point {name!r}: do you mean {near!r}?"),
    "unknown_assets": (
        "没有设备“{name}”，请改正或加到assets",
        "there is no asset {name!r}: correct it or add the asset",
    ),
    "unknown_assets_near": ("没有设备“{name}”，是不是“{near}”？", "there is no asset {name!r}: do you mean {near!r}?"),
    "unknown_checklists": (
        "没有检查表“{name}”，请改正或加到checklists",
        "there is no checklist {name!r}: correct it or add the checklist",
    ),
    "unknown_checklists_near": (
        "没有检查表“{name}”，是不是“{near}”？",
        "there is no checklist {name!r}: do you mean {near!r}?",
    ),
    "unknown_routes": (
        "没有线路“{name}”，请改正或加到routes",
        "there is no route {name!r}: correct it or add the route",
    ),
    "unknown_routes_near": ("没有线路“{name}”，是不是“{near}”？", "there is no route {name!r}: do you mean {near!r}?"),
    "unknown_categories": (
        "没有类别“{name}”，请改正或加到categories",
        "there is no category {name!r}: correct it or add the category",
    ),
    "unknown_categories_near": (
        "没有类别“{name}”，是不是“{near}”？",
        "there is no category {name!r}: do you mean {near!r}?",
    ),
    "unknown_posts": ("没有岗位“{name}”，请改正或加到posts", "there is no post {name!r}: correct it or add the post"),
    "unknown_posts_near": ("没有岗位“{name}”，是不是“{near}”？", "there is no post {name!r}: do you mean {near!r}?"),
    "reused_id": (
        "编号“{name}”在第{revision}版用过（“{was}”），不能再给别的，请换新编号，或写原来的名称",
        "id {name!r} stood for {was!r} in revision {revision} and is not given again: choose another, or the old name",
    ),
    "unknown_people": (
        "人员文件里没有“{name}”，请改正或加到人员文件",
        "there is no person {name!r}: correct it or add the person to the people file",
    ),
    "unknown_people_near": (
        "人员文件里没有“{name}”，是不是“{near}”？",
        "there is no person {name!r}: do you mean {near!r}?",
    ),
    # routes, schedules, days
    "no_stops": ("线路没有点位，请在stops里写上", "the route has no stops: list its points"),
    "no_phrases": ("这类问题没有短语，请至少写一条", "the category has no phrases: write at least one"),
    "duplicate_stop": (
        "“{name}”在{first}已是一站，再去一次请写另一个id",
        "{name!r} is already a stop ({first}): give the second one an id of its own",
    ),
    "walk_longer": (
        "光走路就要{walk}分钟，时段只有{minutes}分钟，请改walk_s或minutes",
        "walking alone takes {walk} min, the window has {minutes}: change walk_s or minutes",
    ),
    "until_before_begins": (
        "结束{until}早于开始{begins}，请改正",
        "it ends {until}, before it begins {begins}: correct it",
    ),
    "never_due": ("这个班次一次也轮不到，请改rule、days或until", "it is never due: change rule, days or until"),
    "overlap": (
        "{first}的时段{minutes}分钟，到{next}下一次开始还没完，请缩短",
        "the window of {first} lasts {minutes} min, past the next one at {next}: shorten it",
    ),
    "deducts_more": (
        "一次扣{points}分，这项满分才{full}分",
        "one deduction of {points} points is more than the item's {full}",
    ),
    "team_stranger": (
        "“{person}”在本小区没有角色，不能进班组：先写到roles",
        "{person!r} has no role at this site and cannot be of a team: write the person under roles first",
    ),
    "team_not_let": (
        "“{person}”的角色不能由领班代签：在sign_in里给每个角色加上leader",
        "a leader may not sign {person!r} in: give each role of the person leader under sign_in",
    ),
    "recheck_alone": (
        "一个人无法途中互认，请写crew: 2或去掉recheck",
        "one person has no partner: crew: 2, or no recheck",
    ),
    "holiday_and_workday": ("{day}既是假日又是上班日，请删去一个", "{day} is a holiday and a workday: delete one"),
    "workday_anyway": ("{day}是周一至周五，本来就上班，请删去", "{day} is a weekday and worked anyway: delete it"),
    # people
    "same_number": (
        "工号{number}在{first}已有人用，请换一个",
        "staff number {number} is taken in {first}: choose another",
    ),
    # warnings
    "unvisited": (
        "没有一条在用线路经过这个点（巡查死角），请加到线路",
        "no active route comes here (a blind spot): put it on one",
    ),
    "route_never_due": ("这条线路没有班次，不会有人走", "no schedule makes this route due: nobody will walk it"),
    "checklist_unused": ("这张检查表没有用到", "no stop uses this checklist"),
    "area_empty": ("这个片区没有点位", "no point lies in this area"),
    "night_alone": (
        "夜间巡逻只排了一人，夜间应两人同行（crew: 2）",
        "a night patrol of one: two walk at night (crew: 2)",
    ),
    "danger_unchecked": (
        "危险点没有检查表，警示牌无人检查",
        "a danger point without a checklist: nobody checks its warning sign",
    ),
    "inspection_overdue": ("检验日期{day}已过，请安排检验", "its inspection was due {day}: have it inspected"),
    "post_does_not_walk": (
        "{role}在岗位上不能离开，不应走线路",
        "{role} must stay at the post and should not walk routes",
    ),
    "too_wide": (
        "占{cells}格，手持机一行只显示{limit}格，请写短",
        "takes {cells} cells, a handheld's line shows {limit}: shorten it",
    ),
}

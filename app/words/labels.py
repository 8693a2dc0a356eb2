"""Words on printed labels and badges, and about printing them."""

TABLE = {
    # on the paper
    "type_this": ("扫不出时输入", "Type if it will not scan"),
    "register": ("登记证 {register}", "Reg. {register}"),
    "model": ("型号 {model}", "Model {model}"),
    "at": ("位置 {place}", "At {place}"),
    "foot": ("{site} 第{issue}版", "{site}, issue {issue}"),
    "badge": ("巡更工牌", "Badge"),
    "staff_number": ("工号", "Number"),
    "heading": ("{site} 标签 {day}", "{site}, labels, {day}"),
    "scale": ("按实际大小（100%）打印", "Print at actual size (100 %)"),
    "page": ("第{page}页 共{of}页", "Page {page} of {of}"),
    # what keeps them from being printed
    "no_font": (
        "字体文件 {path} 没有或读不出。请重新安装程序",
        "the font {path} is missing or unreadable: install the program again",
    ),
    "no_glyph": (
        "{label} 里的字 {char}（{code}）字体里没有，没有生成标签。请改用别的字",
        "{label}: the font has no {char} ({code}), so no label was made. Write it with another character",
    ),
    "too_long": (
        "{label} 的文字（{text}）在 {layout} 上放不下。请换大一点的版式，或把名称改短",
        "{label}: no room for {text} on {layout}. Choose a larger layout or a shorter name",
    ),
    "code_too_long": (
        "{label} 的码有{count}个字符，二维码太密。请用短一点的网址",
        "{label}: its code is too dense to read (characters: {count}). Use a shorter address",
    ),
    "no_site": ("请写小区的编号，如 labels cuihu-garden -o 标签.pdf", "name the site: labels SITE -o LABELS.pdf"),
    "no_point": ("计划里没有点位 {point}", "no point {point} in the plan"),
    "no_label": (
        "点位 {point} 没有标签。请在计划里写 label: true，再导入",
        "point {point} carries no label. Write `label: true` in the plan and import it",
    ),
    "no_assets": (
        "{site} 这里没有带标签的设备。请在计划里给设备写 label: true，再导入",
        "no asset of {site} carries a label there. Write `label: true` beside one in the plan and import it",
    ),
    "none": ("{site} 没有要打印的标签", "{site} has no labels to print"),
    "nothing_asked": (
        "请写出要生成的文件：-o 标签.pdf，或 --png 目录、--svg 目录。--json 列出每个码",
        "say where to: -o LABELS.pdf, or --png DIR, --svg DIR; --json lists the codes",
    ),
    "code_unread": (
        "第{page}页读回检查不对：{label} 的二维码。没有生成文件",
        "page {page} did not read back: the code of {label}. No file was made",
    ),
    "name_unread": (
        "第{page}页读回检查不对：{label} 的文字。没有生成文件",
        "page {page} did not read back: the words of {label}. No file was made",
    ),
    "pages_differ": (
        "读回检查时应有{wanted}页，实有{found}页。没有生成文件",
        "{found} pages read back where there should be {wanted}. No file was made",
    ),
    "stray_code": (
        "第{page}页读回检查多出一个码。没有生成文件",
        "page {page} read back a code that should not be there. No file was made",
    ),
    "bad_url": (
        "标签里的网址要像 https://wy.example.cn 这样，只写主机名，不能是 {url}",
        "the address on labels is written like https://wy.example.cn, a host and no more, not {url}",
    ),
    "bad_file": ("文件 {path} 写不了：{why}", "cannot write {path}: {why}"),
    # about the work
    "drawn": ("已排{done}/{of}页", "pages drawn: {done} of {of}"),
    "made": (
        "{path}：{labels}个标签，{pages}页，已逐个读回检查",
        "{path}: labels {labels}, pages {pages}, each read back",
    ),
    "singles": ("{folder}：{labels}个标签，每个一个文件", "{folder}: labels {labels}, a file each"),
    "badge_made": ("{path}：工牌，已读回检查", "{path}: the badge, read back"),
    "secret": (
        "文件里就是口令，有它就能仿制标签：只给打印的人，印完删除",
        "A file holds the codes themselves: whoever has it can copy a label. Print it, then delete it",
    ),
}

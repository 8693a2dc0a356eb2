"""Sentences of the office's command line."""

TABLE = {
    # what cannot be done
    "bad_folder": ("数据目录 {folder} 用不了：{why}", "the data directory {folder} cannot be used: {why}"),
    "bad_port": ("端口要是 0 到 65535 的数，不能是 {port}", "a port is a number from 0 to 65535, not {port}"),
    "bad_tls": ("tls 只能是 true 或 false，不能是 {text}", "tls is true or false, not {text}"),
    "bad_time": (
        "时间要写成 2026-11-21T22:00:00+08:00 这样（带时区），不能是 {text}",
        "a time is written like 2026-11-21T22:00:00+08:00, with its offset, not {text}",
    ),
    "port_taken": (
        "{host}:{port} 不能监听：{why}。端口被占时，用 --port 换一个（0为任选空闲的）",
        "cannot listen on {host}:{port}: {why}. Where the port is taken, --port names another (0: any free one)",
    ),
    "in_use": (
        "数据目录 {folder} 已有办公室程序在运行。其他命令可以照常用。",
        "an office is already being served from {folder}. The other commands work beside it.",
    ),
    "store_failed": ("数据库没有接受：{why}", "the database did not take it: {why}"),
    "bad_account": ("账号名不能用：{name}", "not a usable account name: {name}"),
    "bad_role": ("没有这个角色：{role}。可用：{roles}", "no such role: {role}. There are: {roles}"),
    "bad_password": (
        "密码要 {least} 到 {most} 个字符",
        "a password has {least} to {most} characters",
    ),
    "bad_pin": ("密码要 {least} 到 {most} 位数字", "a PIN is {least} to {most} digits"),
    "too_many_badges": ("{person} 的工牌号已用完", "no badge numbers are left for {person}"),
    "metrics_token": (
        "监控系统访问 /metrics 时带上 Authorization: Bearer 和下面的口令。只显示这一次：",
        "A monitoring system asks /metrics with `Authorization: Bearer` and this token, shown this once:",
    ),
    "no_account": ("没有账号 {account}", "no account {account}"),
    "of_company": ("公司 {company} 的全部小区", "all of company {company}"),
    "of_district": ("{district} 的全部小区", "all in district {district}"),
    "no_company": ("没有小区的计划写着公司编号 {company}", "no site's plan names the company {company}"),
    "no_district": ("没有小区的计划写着区域编号 {district}", "no site's plan names the district {district}"),
    "every_site": ("全部小区", "every site"),
    "user_removed": ("账号 {account} 已删除", "account {account} removed"),
    "no_person": (
        "人员文件里没有 {person}。先导入：plan import 计划 --people 人员文件",
        "no {person} in the people file. Import it first: plan import PLAN --people FILE",
    ),
    "no_input": ("标准输入里没有内容", "nothing was given on standard input"),
    "no_site": ("没有小区 {site}。先导入它的计划", "no site {site}. Import its plan first"),
    "no_name": ("请写名称，不能为空", "give a name: an empty one names nothing"),
    "no_device": ("没有手持机 {device}", "no handheld {device}"),
    "several_devices": (
        "有几台手持机叫 {device}，请用编号：{ids}",
        "several handhelds are called {device}: give the id, one of {ids}",
    ),
    "export_jsonl": ("请加 --jsonl：目前只有这一种格式", "add --jsonl: it is the only form so far"),
    # prompts
    "ask_password": ("密码", "Password"),
    "ask_password_again": ("再输一次密码", "The same password again"),
    "piped_password": ("没有终端：密码从标准输入读取", "no terminal for the password: reading it from standard input"),
    "piped_pin": ("没有终端：密码从标准输入读取", "no terminal for the PIN: reading it from standard input"),
    "ask_pin": ("密码（数字）", "PIN (digits)"),
    "ask_pin_again": ("再输一次密码", "The same PIN again"),
    "ask_key": ("密钥（十六进制，不显示）", "Key (hex, not shown)"),
    "ask_key_again": ("再输一次密钥", "The same key again"),
    "ask_secret": ("加签密钥（不显示）", "Secret to sign with (not shown)"),
    "ask_secret_again": ("再输一次", "The same again"),
    "piped_secret": ("没有终端：加签密钥从标准输入读取", "no terminal for the secret: reading it from standard input"),
    "piped_key": ("没有终端：密钥从标准输入读取", "no terminal for the key: reading it from standard input"),
    # what was done
    "plan_good": (
        "{file}：没有错误，{points}个点，{routes}条线路，{schedules}个班次",
        "{file}: no faults; points: {points}, routes: {routes}, schedules: {schedules}",
    ),
    "plan_refused": ("{count}处错误，什么都没有导入", "Faults: {count}; nothing was imported"),
    "plan_checked": ("{count}处错误", "Faults: {count}"),
    "plan_taken": (
        "{site}：已导入为第{revision}版，新做{labels}个标签码",
        "{site}: imported as revision {revision}; {labels} new label codes",
    ),
    "plan_same": ("{site}：与第{revision}版相同，没有改动", "{site}: the same as revision {revision}; nothing changed"),
    "people_taken": ("人员{count}名", "People: {count}"),
    "device_added": (
        "手持机 {name}（编号 {device}）的登记码：{code}（{minutes}分钟内有效，只能用一次）",
        "Enrolment code of {name} (id {device}): {code} (once, within {minutes} minutes)",
    ),
    "device_named": (
        "这个小区已有手持机叫 {name}（{device}）。请换个名字；旧的不再用，先停用：device revoke {device}",
        "a handheld at this site is called {name} already ({device}). Give another name, or withdraw that one first: "
        "device revoke {device}",
    ),
    "device_how": (
        "在手持机上运行：watchbook enrol {code} --office {url}",
        "On it run: watchbook enrol {code} --office {url}",
    ),
    "device_here": (
        "网址是手持机连办公室用的地址；在这台机器上试，就是 {url}",
        "URL is where the handheld reaches the office; to try it on this machine: {url}",
    ),
    "url": ("网址", "URL"),
    "device_revoked": ("{device} 已停用", "{device} was withdrawn"),
    "devices_none": ("还没有手持机", "no handhelds yet"),
    "device_waiting": ("未登记", "not enrolled"),
    "device_enrolled": ("已登记", "enrolled"),
    "device_withdrawn": ("已停用", "withdrawn"),
    "user_added": ("账号 {account}（{role}）已可登录", "Account {account} ({role}) may sign in"),
    "pin_set": (
        "{person} 的密码已设，手持机下次同步后生效",
        "The PIN of {person} is set; handhelds know it after their next sync",
    ),
    "badge_made": (
        "{person} 的新工牌码（只显示这一次，旧工牌作废）：",
        "New badge of {person} (shown this once; the one before is void):",
    ),
    "listening": ("办公室页面 {url}", "Office page {url}"),
    "demo_starts": ("正在准备示例……", "Preparing the example ..."),
    "demo_account": ("账号 {user} 密码 {password}", "Account {user}, password {password}"),
    "demo_code": ("手持机登记码 {code}", "Enrolment code for a handheld: {code}"),
    "demo_pins": ("演示密码：{pins}", "PINs to try: {pins}"),
    "demo_fills": (
        "三个项目：翠湖花园、兰悦大厦、星河公寓。最近几天先看，其余日子正在后台补上。",
        "Three sites: Cuihu Garden, Lanyue Tower, Xinghe Residence. The month is being filled in.",
    ),
    "demo_filled": ("示例已补 {done}/{of}：{name}", "Example {done}/{of}: {name}"),
}

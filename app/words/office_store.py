"""Sentences of the office's commands about its database: upgrade, backup, restore, copy, check."""

TABLE = {
    # what cannot be done
    "no_database": ("没有数据库 {path}", "there is no database {path}"),
    "there_already": (
        "{path} 已存在，不会覆盖。请换个位置，或先移走它",
        "{path} is there already and is not overwritten: choose another place, or move it away",
    ),
    "not_empty": (
        "目标数据库不是空的：请给一个新建的空数据库",
        "the other database is not empty: give one that was just created",
    ),
    "not_copied": (
        "复制不完整：{table} 有 {held} 行，应为 {had} 行。请清空目标后重来",
        "the copy is not whole: {table} has {held} rows of {had}. Empty the other database and begin again",
    ),
    "no_backup": ("{path} 不是备份目录", "{path} is no backup"),
    "changed_backup": (
        "备份文件 {path} 与做备份时不同，不能用",
        "the file {path} is not as it was when the backup was made: it cannot be used",
    ),
    "other_key": (
        "{path} 是另一个办公室的密钥。请恢复到空的数据目录",
        "{path} is the key of another office: restore into an empty data directory",
    ),
    "left_over": (
        "{path} 是这里以前的数据库留下的，会混进恢复的数据。请把它移到那个数据库旁边，再恢复到空的数据目录",
        "{path} is left of a database that stood here before, and would be mixed into the restored one: move it to "
        "that database, and restore into an empty data directory",
    ),
    "disk": ("写不进 {path}：{why}", "{path} cannot be written: {why}"),
    "workers_sqlite": (
        "--workers 只能用于PostgreSQL：SQLite只能有一个写入者",
        "--workers is for PostgreSQL: a SQLite file has one writer",
    ),
    "bad_workers": (
        "进程数要是 1 到 {most} 的数，不能是 {workers}",
        "the number of workers is from 1 to {most}, not {workers}",
    ),
    # what was done
    "migrated": ("数据库 {database} 已是第{schema}版", "the database {database} is of version {schema}"),
    "backed_up": (
        "备份在 {path}：到 {made_at} 为止的{records}条记录，以及办公室密钥。请妥善保管",
        "backup at {path}, up to {made_at}: records {records}, and the office's key. Keep it safe",
    ),
    "restored": (
        "已恢复 {path}：到 {made_at} 为止的{records}条记录。之后的由手持机重新上传",
        "restored {path}, up to {made_at}: records {records}. Handhelds send again what came later",
    ),
    "copied": ("已复制{rows}行，其中记录{records}条", "rows copied: {rows}, records among them: {records}"),
    # what was found
    "whole": ("全部完好", "everything is whole"),
    "not_whole": ("有不符之处，请联系经理", "something is not as it came in: call the manager"),
    "wrong_mark": ("{site}：记录本 {id} 的末号与记录不符", "{site}: the mark of book {id} is not that of its records"),
    "wrong_unsigned": (
        "{site}：记录本 {id} 的末条没有写簿者的签名",
        "{site}: nobody who writes book {id} signed its last record",
    ),
    "wrong_kind": ("{site}：记录 {id} 的类别被改动", "{site}: the kind of record {id} was changed"),
    "wrong_aside": (
        "{site}：记录 {id} 被无故另存待查，或另存后又被改为作数",
        "{site}: record {id} was set aside, or taken back, without a reason",
    ),
    "wrong_purged": (
        "{site}：记录 {id} 未到保存期限就被清除",
        "{site}: record {id} was purged before its time was over",
    ),
    "wrong_arrivals": (
        "{site}：收到的记录编号有缺（应到 {id}）",
        "{site}: numbers of arrival are missing (up to {id})",
    ),
    "wrong_hour": (
        "{site}：记录 {id} 的收到时间与同一批上传的不一致",
        "{site}: record {id} has another time of receipt than the batch it came in",
    ),
    "wrong_change": ("{site}：下发的 {id} 被改动", "{site}: what went down as {id} was changed"),
    "wrong_plan": ("{site}：计划第{id}版被改动", "{site}: revision {id} of the plan was changed"),
    "wrong_walked": (
        "{site}：巡查时用的计划第{id}版，与这里的不是同一份",
        "{site}: rounds were walked under another revision {id} of the plan than the one here",
    ),
    "wrong_fork": ("{site}：另存的记录 {id} 被改动", "{site}: record {id} that is kept apart was changed"),
    "wrong_paper": ("{site}：留存的文件 {id} 被改动", "{site}: the paper {id} that was kept was changed"),
    "wrong_blob": ("{site}：附件 {id} 被改动", "{site}: the attachment {id} was changed"),
    "wrong_picture": (
        "{site}：照片 {id} 曾在此被查看过，现已不在",
        "{site}: picture {id} was looked at here, and is here no more",
    ),
    "wrong_audit": ("操作记录从第{id}行起被改动", "the audit was changed from row {id} on"),
}

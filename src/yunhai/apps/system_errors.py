"""What the operating system says when it will not read or write, in both languages."""

import errno
from typing import Final

_CHINESE: Final = {
    errno.ENOENT: "檔案或資料夾不存在",
    errno.EACCES: "權限不足",
    errno.EPERM: "不允許的操作",
    errno.EISDIR: "是資料夾，不是檔案",
    errno.ENOTDIR: "路徑中有一段不是資料夾",
    errno.EEXIST: "已存在",
    errno.ENOSPC: "磁碟已滿",
    errno.EROFS: "唯讀的檔案系統",
    errno.ENAMETOOLONG: "名稱過長",
    errno.EIO: "磁碟讀寫失敗",
    errno.EMFILE: "開啟的檔案過多",
    errno.ENOTEMPTY: "資料夾不是空的",
}


def reasons(error: OSError) -> dict[str, str]:
    """`reason` and `reason_zh` of a YunhaiError that tells of this one."""
    english = error.strerror or type(error).__name__
    number = f"（errno {error.errno}）" if error.errno else ""
    return {"reason": english, "reason_zh": _CHINESE.get(error.errno or 0, f"作業系統拒絕{number}")}

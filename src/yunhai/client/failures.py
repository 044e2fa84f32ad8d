"""The client's own errors, 7400-7499: what goes wrong before the cloud could answer. What it refuses itself comes as
`Refused` with the cloud's own number."""

from typing import Final

from yunhai.kernel.errors import register, rows

UNREACHABLE: Final = 7400
BAD_ANSWER: Final = 7401
CLOSED: Final = 7402
TIMED_OUT: Final = 7403
BAD_KEY: Final = 7404
BAD_ADDRESS: Final = 7405
NO_TOKEN: Final = 7406

register(
    *rows(
        (
            UNREACHABLE,
            "cloud-unreachable",
            None,
            503,
            "連不上雲端：{address}：{reason}",
            "The cloud cannot be reached: {address}: {reason}",
            "請確認服務已啟動且網址正確；同一 client id 重送不會重複下單。",
            "Check that it runs and that the address is right; the same client id sent again never orders twice.",
        ),
        (
            BAD_ANSWER,
            "answer-not-understood",
            None,
            502,
            "看不懂的回覆（HTTP {status}）：{reason}",
            "The answer was not understood (HTTP {status}): {reason}",
            "請確認網址指向雲海，且兩端版本相符。",
            "Check that the address is Yunhai's and that both versions fit.",
        ),
        (
            CLOSED,
            "connection-closed",
            None,
            503,
            "連線已中斷，{waiting} 筆尚無回覆",
            "The connection is closed, {waiting} without an answer",
            "請以相同的 client id 重新連線重送。",
            "Connect again and send the same client ids again.",
        ),
        (
            TIMED_OUT,
            "answer-overdue",
            None,
            504,
            "{seconds} 秒內沒有回覆",
            "No answer within {seconds} s",
            "請以相同的 client id 再送一次，或查詢委託。",
            "Send the same client id again, or ask for the order.",
        ),
        (
            BAD_KEY,
            "signing-key-unusable",
            None,
            422,
            "簽章金鑰不可用：{reason}",
            "The signing key cannot be used: {reason}",
            "請提供 P-256 私鑰（PEM，PKCS#8）。",
            "Give a P-256 private key (PEM, PKCS#8).",
        ),
        (
            BAD_ADDRESS,
            "address-not-understood",
            None,
            422,
            "看不懂的網址：{address}",
            "The address is not understood: {address}",
            "請用 https://主機、http://127.0.0.1:埠號 或 unix:/路徑/core.sock。",
            "Use https://host, http://127.0.0.1:port or unix:/path/core.sock.",
        ),
        (
            NO_TOKEN,
            "no-token",
            None,
            401,
            "此呼叫需要權杖，但沒有提供",
            "This call needs a token and none was given",
            "請提供 API 金鑰（ApiKey）或權杖（FixedToken）。",
            "Give an API key (ApiKey) or a token (FixedToken).",
        ),
    )
)

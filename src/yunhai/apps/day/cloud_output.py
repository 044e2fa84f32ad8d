"""What a day in the cloud says of itself, beside the verdict on the fills."""

from rich.console import Console

from yunhai.apps.day.cloud import CloudFacts


def show_cloud(facts: CloudFacts, console: Console) -> None:
    """A few lines before the day's own."""
    driven = facts.driven
    speed = driven.accepted / max(driven.seconds, 1e-9)
    books = "clean 相符" if facts.sound else "NOT CLEAN 不符"
    restarts = ", ".join(f"{name} {count}" for name, count in facts.restarts.items() if count)
    for line in (
        f"cloud 雲端 {facts.home}",
        f"  tenants 租戶 {facts.tenants} · accounts 帳戶 {facts.accounts}",
        f"  signed orders accepted 已簽章委託 {driven.accepted:,} in {driven.seconds:.1f} s · {speed:,.0f} orders/s 筆/秒",
        f"  postings 分錄 {facts.postings:,} · readers done {facts.lag_seconds:.1f} s after the close 收盤後讀完",
        f"  books check 帳務勾稽: {books}",
        *([f"  restarts 重啟: {restarts} · reconnections 重連 {driven.reconnections}"] if restarts else []),
    ):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if not facts.sound and facts.books is not None:
        console.print(str(facts.books), highlight=False, markup=False, soft_wrap=True)

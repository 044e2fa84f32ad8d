"""The rows of the error catalogue of indicators and of conditions on them (7700-7739)."""

from typing import Final

from yunhai.kernel.errors import register, rows

UNKNOWN_INDICATOR: Final = 7700
UNKNOWN_PARAMETER: Final = 7701
BAD_PARAMETER: Final = 7702
TOO_FEW_BARS: Final = 7703
TOO_MANY_BARS: Final = 7704
BAD_BARS: Final = 7705
INPUT_MISSING: Final = 7706
BAR_OUT_OF_ORDER: Final = 7707
TOO_MANY_INDICATORS: Final = 7708
PARAMETERS_REFUSED: Final = 7709
BAD_CONDITION: Final = 7730

_SEE = ("請參閱指標一覽。", "See the reference of indicators.")

register(
    *rows(
        (
            UNKNOWN_INDICATOR,
            "indicator-unknown",
            None,
            404,
            "沒有「{name}」這個指標",
            "There is no indicator {name}",
            *_SEE,
        ),
        (
            UNKNOWN_PARAMETER,
            "indicator-parameter-unknown",
            None,
            422,
            "{indicator} 沒有「{parameter}」這個參數；可用：{known}",
            "{indicator} has no parameter {parameter}; it has: {known}",
            *_SEE,
        ),
        (
            BAD_PARAMETER,
            "indicator-parameter-unfit",
            None,
            422,
            "{indicator} 的參數 {parameter} 不可為「{value}」；應為{wanted}",
            "{indicator}: {parameter} cannot be {value}; it must be {wanted}",
            "請改用範圍內的值。",
            "Give a value within the bounds.",
        ),
        (
            TOO_FEW_BARS,
            "indicator-bars-too-few",
            None,
            422,
            "{indicator} 至少需要 {needed} 根K棒，只有 {given} 根",
            "{indicator} needs {needed} bars at least; {given} are given",
            "請載入較長的期間，或縮短指標的週期。",
            "Load a longer span, or shorten the indicator's period.",
        ),
        (
            TOO_MANY_BARS,
            "indicator-bars-too-many",
            None,
            422,
            "一次最多計算 {most} 根K棒，給了 {given} 根",
            "At most {most} bars are computed at once; {given} are given",
            "請縮短期間，或改用較長的K棒。",
            "Shorten the span, or take longer bars.",
        ),
        (
            BAD_BARS,
            "indicator-bars-unfit",
            None,
            422,
            "K棒資料不符：{reason}（第 {row} 根）",
            "The bars are unfit: {reason} (bar {row})",
            "請更正來源資料後再計算。",
            "Correct the source, then compute again.",
        ),
        (
            INPUT_MISSING,
            "indicator-input-missing",
            None,
            422,
            "{indicator} 需要「{input}」欄，這些K棒沒有",
            "{indicator} needs the column {input}, which these bars lack",
            "請改用其他來源，或提供該欄。",
            "Choose another source, or give that column.",
        ),
        (
            BAR_OUT_OF_ORDER,
            "live-bar-out-of-order",
            None,
            409,
            "K棒時間 {start_ns} 早於最後一根 {last_ns}",
            "The bar at {start_ns} lies before the last, {last_ns}",
            "請重新載入圖表後再接續。",
            "Load the chart again and go on from there.",
        ),
        (
            TOO_MANY_INDICATORS,
            "live-indicators-too-many",
            None,
            422,
            "一張圖最多 {most} 個指標，要求了 {given} 個",
            "One chart takes at most {most} indicators; {given} are asked for",
            "請移除部分指標。",
            "Remove some of them.",
        ),
        (
            PARAMETERS_REFUSED,
            "indicator-parameters-refused",
            None,
            422,
            "{indicator} 的參數組合無法計算：{reason}",
            "{indicator} cannot be computed with these parameters together: {reason}",
            *_SEE,
        ),
        (
            BAD_CONDITION,
            "condition-unfit",
            None,
            422,
            "條件不成立：{reason}",
            "The condition is unfit: {reason}",
            "請修正條件。",
            "Correct the condition.",
        ),
    )
)

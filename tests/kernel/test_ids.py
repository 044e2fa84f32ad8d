import pytest

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.ids import Sequence
from yunhai.kernel.limits import U64_MAX


def test_a_sequence_hands_out_consecutive_ids_and_then_refuses():
    ids = Sequence(7, last=9)
    assert [ids.take() for _ in range(3)] == [7, 8, 9]
    for _ in range(2):
        with pytest.raises(YunhaiError) as refused:
            ids.take()
        assert refused.value.code == 2103
        assert ids.upcoming == 10


@pytest.mark.parametrize(("first", "last"), [(0, 5), (6, 5), (1, U64_MAX + 1)])
def test_a_sequence_stays_within_its_width(first, last):
    with pytest.raises(ValueError, match="sequence"):
        Sequence(first, last=last)

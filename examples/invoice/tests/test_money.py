from invoice.money import cents, percentage, show


def test_cents_are_exact():
    assert cents("12.50") == 1250
    assert cents("0.29") == 29
    assert cents("1.15") == 115
    assert cents("1000000.01") == 100000001


def test_percentage_rounds_half_up():
    assert percentage(250, "19") == 48
    assert percentage(50, "1") == 1
    assert percentage(49, "1") == 0


def test_amounts_are_shown_with_separators():
    assert show(1234567) == "12,345.67"
    assert show(5) == "0.05"

from invoice.totals import Line, totals


def test_total_of_one_line():
    result = totals([Line("Desk", 1, "100.00")])
    assert (result.net, result.tax, result.gross) == (10000, 1900, 11900)


def test_quantities_multiply():
    result = totals([Line("Pencil", 12, "0.29", tax_percent="7")])
    assert (result.net, result.tax, result.gross) == (348, 24, 372)


def test_discount_comes_before_tax():
    result = totals([Line("Desk", 1, "100.00"), Line("Book", 2, "25.00", tax_percent="7")], "10")
    assert result.discount == 1500
    assert result.tax == 1710 + 315
    assert result.gross == 15000 - 1500 + 2025


def test_an_empty_invoice_is_zero():
    result = totals([])
    assert (result.net, result.gross) == (0, 0)

"""The arithmetic of an invoice."""

from dataclasses import dataclass

from invoice.money import cents, percentage


@dataclass(frozen=True)
class Line:
    description: str
    quantity: int
    unit_price: str
    tax_percent: str = "19"

    @property
    def net(self) -> int:
        return self.quantity * cents(self.unit_price)


@dataclass(frozen=True)
class Totals:
    net: int
    discount: int
    tax: int
    gross: int


def totals(lines: list[Line], discount_percent: str = "0") -> Totals:
    """Totals of an invoice. The discount lowers the net amount of each line before tax."""
    net = sum(line.net for line in lines)
    discount = sum(percentage(line.net, discount_percent) for line in lines)
    tax = sum(percentage(line.net, line.tax_percent) for line in lines)
    return Totals(net=net, discount=discount, tax=tax, gross=net - discount + tax)

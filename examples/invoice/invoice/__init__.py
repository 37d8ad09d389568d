"""Totals of invoices: lines, discounts and tax, in whole cents."""

"""The small projects of examples/ are played as a publisher's CI would play them."""

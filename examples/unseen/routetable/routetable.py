"""A table of static routes with longest-prefix lookup.

Used by the inventory scripts to find out over which gateway a host is
reached.  IPv4 and IPv6 routes can be mixed in one table.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Route:
    """A destination such as 10.1.0.0/16 and the gateway that serves it."""

    prefix: str
    gateway: str


@dataclass
class RouteTable:
    """Routes in the order in which they were added."""

    routes: list[Route] = field(default_factory=list)

    def add(self, prefix: str, gateway: str) -> None:
        """Append a route; raises ValueError for a malformed prefix."""
        ipaddress.ip_network(prefix)
        self.routes.append(Route(prefix, gateway))

    def lookup_all(self, addresses: list[str]) -> list[str]:
        """Return the gateway of every address, in the order given.

        The route with the longest matching prefix wins; among equal
        prefixes the one added first.  Addresses without a route give
        UNREACHABLE.  Raises ValueError for a malformed address.
        """
        gateways = []
        for address in addresses:
            ipaddress.ip_address(address)
            best = None
            for route in self.routes:
                network = ipaddress.ip_network(route.prefix)
                if ipaddress.ip_address(address) in network:
                    if best is None:
                        best = route
                    elif network.prefixlen > ipaddress.ip_network(best.prefix).prefixlen:
                        best = route
            gateways.append(best.gateway if best else UNREACHABLE)
        return gateways

    def unreachable(self, addresses: list[str]) -> list[str]:
        """The addresses no route leads to, in the order given."""
        found = self.lookup_all(addresses)
        return [a for a, gateway in zip(addresses, found) if gateway == UNREACHABLE]


def parse_table(text: str) -> RouteTable:
    """Read lines 'PREFIX via GATEWAY'; '#' starts a comment."""
    table = RouteTable()
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        prefix, via, gateway = (line.split() + ["", "", ""])[:3]
        if via != "via" or not gateway:
            raise ValueError(f"line {number}: expected 'PREFIX via GATEWAY'")
        table.add(prefix, gateway)
    return table

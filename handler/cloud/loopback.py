"""Whether an address means this machine, where nothing that is sent can be read by others. Pure."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Return whether a host name or address means this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

"""Tries to reach what a sandbox must not. tcp PORT HOST...; forge ADDRESS; protocols."""
import errno, os, select, socket, struct, sys

failed = []

def gateway():
    for line in open("/proc/net/route").read().splitlines()[1:]:
        fields = line.split()
        if fields[1] == "00000000":
            return socket.inet_ntoa(struct.pack("<I", int(fields[2], 16)))
    return "10.0.0.1"

def tcp(port, *hosts):
    waiting = {}
    for host in hosts:
        name = gateway() if host == "gateway" else host.strip("[]")
        try:
            infos = socket.getaddrinfo(name, int(port), type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            continue
        for family, kind, protocol, _, address in infos:
            own = address[0] in ("127.0.0.1", "::1", "0.0.0.0", "::") or address[0].startswith("127.")
            peer = socket.socket(family, kind)
            peer.setblocking(False)
            code = peer.connect_ex(address)
            if code == 0:
                failed.append(f"{host} {address}")
            elif code == errno.EINPROGRESS and not own:
                waiting[peer] = f"{host} {address}"
    _, ready, _ = select.select([], list(waiting), [], 2) if waiting else ([], [], [])
    while ready:
        for peer in ready:
            if peer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                failed.append(waiting[peer])
            del waiting[peer]
        _, ready, _ = select.select([], list(waiting), [], 1) if waiting else ([], [], [])

def forge(address):
    """Claims a neighbour's address: as the source of packets, and on the own link."""
    for family, kind, protocol in ((17, 3, 0x0300), (2, 3, 255), (10, 3, 255)):
        try:
            socket.socket(family, kind, protocol)
            failed.append(f"raw socket {family}")
        except OSError:
            pass
    # Without raw sockets: another source address, a static neighbour, another address on the link.
    try:
        forged = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        forged.setsockopt(socket.SOL_IP, 15, 1)  # IP_FREEBIND
        forged.bind((address, 5353))
        forged.sendto(b"x", (gateway(), 53))
    except OSError:
        pass
    for command in (f"ip address add {address}/32 dev eth0", "ip link set eth0 address 02:00:00:00:00:01",
                    f"ip neigh replace {address} lladdr ff:ff:ff:ff:ff:ff dev eth0",
                    "ip link add v0 type veth", "ip link set eth0 promisc on"):
        if os.system(command + " >/dev/null 2>&1") == 0:
            failed.append(command)

def protocols():
    for name, family, kind, protocol in (("icmp ping", socket.AF_INET, socket.SOCK_DGRAM, 1),
                                         ("icmp6 ping", socket.AF_INET6, socket.SOCK_DGRAM, 58)):
        try:
            ping = socket.socket(family, kind, protocol)
            ping.settimeout(1)
            ping.sendto(struct.pack("!BBHHH", 8, 0, 0xF7FF, 0, 0), (gateway(), 0))
            ping.recv(100)
            failed.append(name)
        except OSError:
            pass
    for host, port in ((gateway(), 67), (gateway(), 123), (gateway(), 5353), ("224.0.0.251", 5353),
                       ("239.255.255.250", 1900), ("255.255.255.255", 67)):
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.settimeout(0.3)
        try:
            sender.sendto(b"\0" * 48, (host, port))
            sender.recv(100)
            failed.append(f"udp {host} {port}")
        except OSError:
            pass
    for address in ("2606:4700:4700::1111", "fe80::1", "ff02::1"):
        try:
            six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            six.connect((address, 53, 0, 2))
            failed.append("ipv6 " + address)
        except OSError:
            pass

globals()[sys.argv[1]](*sys.argv[2:])
for line in failed:
    print("BREACH", line)
print("repelled" if not failed else "breached")
sys.exit(bool(failed))

"""A hostile application on the ports given. It writes down every byte it gets, and answers with the
bytes that the hex digits in the path say; else with "hi"."""
import re, socket, sys, threading

log = open("/root/got", "ab", buffering=0)

def serve(peer, port):
    got = b""
    peer.settimeout(5)
    try:
        while b"\r\n\r\n" not in got:
            piece = peer.recv(65536)
            if not piece:
                return
            got += piece
            log.write(piece)
        asked = re.match(rb"\S+ /answer/([0-9a-f]*) ", got)
        endless = re.match(rb"\S+ /endless", got)
        if endless:
            peer.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                peer.sendall(b"X: " + b"a" * 8000 + b"\r\n")
        plain = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
        peer.sendall(bytes.fromhex(asked[1].decode()) if asked else plain)
        peer.settimeout(0.3)
        while True:
            piece = peer.recv(65536)
            if not piece:
                return
            log.write(piece)
    except OSError:
        pass
    finally:
        peer.close()

def listen(port):
    server = socket.create_server(("127.0.0.1", port))
    print(port, flush=True)
    while True:
        threading.Thread(target=serve, args=(server.accept()[0], port), daemon=True).start()

for port in sys.argv[1:]:
    threading.Thread(target=listen, args=(int(port),)).start()

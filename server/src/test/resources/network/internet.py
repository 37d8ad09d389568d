"""Servers of a pretended internet: ADDRESSES (by comma) CERTIFICATE KEY LOG. All requests are noted."""
import json, socket, ssl, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

addresses, certificate, key, log = sys.argv[1:]
lock = threading.Lock()

def note(**what):
    with lock, open(log, "a") as file:
        file.write(json.dumps(what) + "\n")

class Web(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        note(kind=self.server.kind, path=self.path, headers={k.lower(): v for k, v in self.headers.items()})
        if self.path == "/drip":
            return self.drip()
        body = f"hello by {self.server.kind} at {self.server.server_address[0]}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def drip(self):
        """A line every 50 ms for as long as somebody takes them."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.wfile.write(b"drop\n")
                time.sleep(0.05)
        except OSError:
            note(kind="drip", path="ended")

    def log_message(self, *_):
        pass

class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, kind, address, port, context=None):
        super().__init__((address, port), Web)
        self.kind, self.context = kind, context

    def finish_request(self, request, client):
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client)

    def handle_error(self, *_):
        pass

def named(connection, name, context):
    note(kind="sni", path=str(name))

def datagrams(address, port):
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    peer.bind((address, port))
    while True:
        data, sender = peer.recvfrom(999)
        note(kind="udp", path=f"{port} {len(data)}")
        peer.sendto(b"hello by udp", sender)

def greeter(address, port):
    listener = socket.create_server((address, port))
    while True:
        connection, _ = listener.accept()
        note(kind="tcp", path=str(port))
        connection.sendall(b"hello by tcp\n")
        connection.close()

context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)
context.sni_callback = named
for address in addresses.split(","):
    for port in (80, 8080):
        threading.Thread(target=Server("http", address, port).serve_forever, daemon=True).start()
    for port in (443, 8443):
        threading.Thread(target=Server("https", address, port, context).serve_forever, daemon=True).start()
    for port in (53, 9000):
        threading.Thread(target=datagrams, args=(address, port), daemon=True).start()
    for port in (22, 53, 853):
        threading.Thread(target=greeter, args=(address, port), daemon=True).start()
print("ready", flush=True)
threading.Event().wait()

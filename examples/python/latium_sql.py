"""SQL on a Latium node from Python, without any library: what docs/client-protocol.md says, in one file, in the shape of PEP 249.

    connection = latium_sql.connect("127.0.0.1:7400", "acme")
    cursor = connection.cursor()
    cursor.execute("SELECT name FROM hosts WHERE cpus > ?", [8])
    for (name,) in cursor: ...
    connection.commit()

The first statement begins a transaction, commit() or rollback() ends it; with autocommit=True each statement is one. A Conflict says that
another session was first: roll back and do all of it again. One thread a connection. TLS: give an ssl.SSLContext with a client's certificate.
"""
import select
import socket
import struct

apilevel, threadsafety, paramstyle = "2.0", 1, "qmark"

HELLO, HELLO_ACK, REQUEST, RESPONSE, ERROR, CHUNK, _CANCEL, PING, PONG, GOODBYE = range(1, 11)
OPEN, PREPARE, EXECUTE, FETCH, STATE, CANCEL, CLOSE = range(54, 61)
MORE = 1                     # a frame's flag: the message goes on
MAX_PAYLOAD = 128 << 10
HEADER = struct.Struct("<IBBHQQI")
CONFLICT, ALREADY_EXISTS = 7, 3
GRACE_SECONDS = 5            # beyond the time that a request gives the node, before the connection counts as broken


class Error(Exception):
    """`code`: include/latium/error_codes.def. `maybe_done`: whether the request may have had an effect."""

    def __init__(self, code, maybe_done, message):
        super().__init__(message)
        self.code, self.maybe_done = code, maybe_done


class OperationalError(Error):
    pass


class Conflict(OperationalError):
    pass


class IntegrityError(Error):
    pass


def _crc32c_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC = _crc32c_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


# Protocol Buffers: fields of a message are its number and wire type, then a varint (0), 8 bytes (1) or a length and bytes (2).

def _varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def _number(field, value):
    return _varint(field << 3) + _varint(value) if value else b""


def _fixed(field, value):
    return _varint(field << 3 | 1) + struct.pack("<Q", value)


def _bytes(field, value):
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _fields(data):
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = _read_varint(data, at)
        elif kind == 1:
            value, at = struct.unpack_from("<Q", data, at)[0], at + 8
        else:
            length, at = _read_varint(data, at)
            value, at = data[at:at + length], at + length
        yield tag >> 3, value


def _zigzag(number):
    return number >> 1 ^ -(number & 1)


def _encode_value(value):
    if value is None:
        return b""
    if isinstance(value, int):
        return _varint(1 << 3) + _varint((value << 1 ^ value >> 63) & (1 << 64) - 1)
    if isinstance(value, float):
        return _varint(2 << 3 | 1) + struct.pack("<d", value)
    return _bytes(3, value.encode()) if isinstance(value, str) else _bytes(4, bytes(value))


def _decode_value(data):
    for field, value in _fields(data):
        if field == 1:
            return _zigzag(value)
        if field == 2:
            return struct.unpack("<d", struct.pack("<Q", value))[0]
        return value.decode() if field == 3 else bytes(value)
    return None


class Connection:
    def __init__(self, address, tenant, autocommit=False, timeout=10.0, tls=None):
        self.address, self.tls, self.session, self._next = address, tls, 0, 1
        self.autocommit, self.timeout, self.in_transaction = autocommit, timeout, False
        self._dial()
        try:
            answer = dict(_fields(self.call(OPEN, _bytes(1, tenant.encode()) + _number(4, int(timeout * 1000)))))
        except BaseException:
            self.close()
            raise
        self.session = answer[1]

    def _dial(self):
        host, port = self.address.rsplit(":", 1)
        self._socket = socket.create_connection((host.strip("[]"), int(port)), timeout=self.timeout + GRACE_SECONDS)
        if self.tls:
            self._socket = self.tls.wrap_socket(self._socket)
        self._stream = self._socket.makefile("rb")
        self._send(HELLO, 0, 0, _number(1, 1) + _number(2, 1) + _number(6, 2))
        kind, _, payload = self._message()
        if kind != HELLO_ACK:
            raise _error(payload)

    def _catch_up(self):
        """Pings that came while nothing was asked; or the end of the connection, after which the session is reached by another one."""
        try:
            while select.select([self._socket], [], [], 0)[0]:
                header = self._exactly(32)
                length, kind, _, _, request, _, _ = HEADER.unpack(header[:28])
                self._exactly(length)
                if kind == PING:
                    self._frame(PONG, 0, 0, request, 0, b"")
        except (OSError, Error):
            self._stream.close()
            self._socket.close()
            self._dial()

    def call(self, method, body):
        """One request and its answer."""
        self._catch_up()
        request = self._next
        self._next += 1
        self._send(REQUEST, method, request, body)
        while True:
            kind, answered, payload = self._message()
            if answered != request:
                continue
            if kind == ERROR:
                raise _error(payload)
            return payload

    def run(self, sql, values, page_rows):
        body = _fixed(1, self.session) + _bytes(3, sql.encode()) + b"".join(_bytes(4, _encode_value(value)) for value in values)
        return self._page(EXECUTE, body + _number(5, page_rows))

    def fetch(self, statement, page_rows):
        return self._page(FETCH, _fixed(1, self.session) + _number(2, statement) + _number(3, page_rows))

    def _page(self, method, body):
        try:
            payload = self.call(method, body)
        except Error:
            self.in_transaction = bool(dict(_fields(self.call(STATE, _fixed(1, self.session)))).get(1))
            raise
        page = {"columns": [], "rows": []}
        for field, value in _fields(payload):
            if field == 2:
                page["columns"].append(value.decode())
            elif field == 3:
                page["rows"].append(tuple(_decode_value(each) for _, each in _fields(value)))
            else:
                page[field] = value
        self.in_transaction = bool(page.get(7))
        return page

    def cursor(self):
        return Cursor(self)

    def commit(self):
        if self.in_transaction:
            self.run("COMMIT", [], 0)

    def rollback(self):
        if self.in_transaction:
            self.run("ROLLBACK", [], 0)

    def close(self):
        if self.session:
            self.call(CLOSE, _fixed(1, self.session))
            self.session = 0
        self._stream.close()
        self._socket.close()

    def _send(self, kind, method, request, payload):
        timeout_ms = int(self.timeout * 1000) if kind == REQUEST else 0
        first, rest = payload, b""
        if len(payload) > MAX_PAYLOAD:
            first, rest = struct.pack("<I", len(payload)) + payload[:MAX_PAYLOAD - 4], payload[MAX_PAYLOAD - 4:]
        self._frame(kind, MORE if rest else 0, method, request, timeout_ms, first)
        while rest:
            part, rest = rest[:MAX_PAYLOAD], rest[MAX_PAYLOAD:]
            self._frame(CHUNK, MORE if rest else 0, 0, request, 0, part)

    def _frame(self, kind, flags, method, request, timeout_ms, payload):
        header = HEADER.pack(len(payload), kind, flags, method, request, 0, timeout_ms)
        self._socket.sendall(header + struct.pack("<I", crc32c(header + payload)) + payload)

    def _message(self):
        """The next whole message: its type, request and payload. Requests are answered one at a time here, so chunks follow each other."""
        payload = b""
        while True:
            header = self._exactly(32)
            length, kind, flags, _, request, _, _ = HEADER.unpack(header[:28])
            part = self._exactly(length)
            if struct.unpack("<I", header[28:])[0] != crc32c(header[:28] + part):
                raise OperationalError(0, True, "a frame is damaged")
            if kind == PING:
                self._frame(PONG, 0, 0, request, 0, b"")
                continue
            if kind == GOODBYE:
                raise _error(part)
            if kind != CHUNK:
                first, payload = kind, part[4:] if flags & MORE else part
            else:
                payload += part
            if not flags & MORE:
                return (first if kind == CHUNK else kind), request, payload

    def _exactly(self, count):
        data = self._stream.read(count)
        if len(data) < count:
            raise OperationalError(0, True, "the node closed the connection")
        return data


class Cursor:
    arraysize = 1

    def __init__(self, connection):
        self.connection, self.description, self.rowcount, self.lastrowid = connection, None, -1, None
        self._rows, self._statement, self._more = [], 0, False

    def execute(self, sql, parameters=()):
        self.close()
        connection = self.connection
        if not connection.autocommit and not connection.in_transaction:
            connection.run("BEGIN", [], 0)
        page = connection.run(sql, parameters, 0)
        self.description = [(name, None, None, None, None, None, None) for name in page["columns"]] or None
        self.rowcount = _zigzag(page.get(5, 0)) if not page["columns"] else -1
        self.lastrowid = _zigzag(page.get(6, 0)) or None
        self._take(page)
        return self

    def _take(self, page):
        self._rows, self._more = page["rows"], bool(page.get(4))
        self._statement = page.get(1, self._statement)

    def fetchone(self):
        if not self._rows and self._more:
            self._take(self.connection.fetch(self._statement, 0))
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size=None):
        return [row for row in (self.fetchone() for _ in range(size or self.arraysize)) if row is not None]

    def fetchall(self):
        return list(self)

    def __iter__(self):
        return iter(self.fetchone, None)

    def close(self):
        if self._more:
            self.connection.call(CLOSE, _fixed(1, self.connection.session) + _number(2, self._statement))
        self._rows, self._more = [], False


def _error(payload):
    fields = dict(_fields(payload))
    code, maybe_done, text = fields.get(1, 0), bool(fields.get(2)), fields.get(3, b"").decode()
    return {CONFLICT: Conflict, ALREADY_EXISTS: IntegrityError}.get(code, OperationalError)(code, maybe_done, text)


def connect(address, tenant, **options):
    return Connection(address, tenant, **options)

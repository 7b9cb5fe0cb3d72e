"""The driver of examples/python, which is written from docs/client-protocol.md alone, against a latiumd."""

import sys
import unittest

from programs import ROOT, DaemonTest

sys.path.insert(0, str(ROOT / "examples" / "python"))
sys.dont_write_bytecode = True
import latium_sql  # noqa: E402


class SqlDriverTest(DaemonTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.start()
        self.latium(self.daemon, "tenant", "create", "acme", "--placement", "rennes:1")
        self.connection = self.connect(autocommit=True)
        self.cursor = self.connection.cursor()
        self.cursor.execute("CREATE TABLE hosts (id INTEGER PRIMARY KEY, name TEXT UNIQUE, data BLOB)")

    def connect(self, **options):
        connection = latium_sql.connect(self.daemon.address, "acme", **options)
        self.addCleanup(connection.close)
        return connection

    def test_values_go_there_and_back(self):
        values = (None, -(1 << 63), (1 << 63) - 1, 0, -1.5, "caf\u00e9", "", b"\x00\xff", b"")
        self.cursor.execute("SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?", values)
        self.assertEqual(self.cursor.fetchone(), values)

    def test_rows_come_in_pages_and_in_chunks(self):
        writer = self.connect()
        cursor = writer.cursor()
        # In one request, of several chunks.
        values = [value for i in range(1, 301) for value in (f"n{i}", b"x" * 1000)]
        cursor.execute("INSERT INTO hosts (name, data) VALUES " + ", ".join(["(?, ?)"] * 300), values)
        self.assertEqual((cursor.rowcount, cursor.lastrowid), (300, 300))
        cursor.execute("INSERT INTO hosts (name, data) VALUES ('large', ?)", (b"y" * 100_000,))
        self.assertEqual(self.cursor.execute("SELECT count(*) FROM hosts").fetchone(), (0,))
        writer.commit()
        rows = self.cursor.execute("SELECT name, data FROM hosts ORDER BY id").fetchall()
        self.assertEqual([row[0] for row in rows], [*(f"n{i}" for i in range(1, 301)), "large"])
        self.assertEqual(rows[300][1], b"y" * 100_000)
        counted = self.cursor.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) SELECT i FROM n")
        self.assertEqual(sum(row[0] for row in counted), 2500 * 2501 // 2)

    def test_errors_have_their_kind_and_the_transaction_goes_on(self):
        self.cursor.execute("INSERT INTO hosts (name) VALUES ('n1')")
        other = self.connect()
        cursor = other.cursor()
        cursor.execute("UPDATE hosts SET name = 'n2'")
        with self.assertRaisesRegex(latium_sql.IntegrityError, "UNIQUE constraint failed: hosts.name"):
            cursor.execute("INSERT INTO hosts (name) VALUES ('n2')")
        self.assertTrue(other.in_transaction)
        other.commit()
        with self.assertRaisesRegex(latium_sql.OperationalError, "no such table: nowhere"):
            self.cursor.execute("SELECT * FROM nowhere")
        self.assertEqual(self.cursor.execute("SELECT name FROM hosts").fetchall(), [("n2",)])

    def test_the_second_writer_has_a_conflict(self):
        self.cursor.execute("INSERT INTO hosts (name) VALUES ('n1')")
        one, other = self.connect(), self.connect()
        for connection in (one, other):
            connection.cursor().execute("UPDATE hosts SET data = x'01'")
        one.commit()
        with self.assertRaises(latium_sql.Conflict):
            other.commit()
        other.rollback()
        other.cursor().execute("UPDATE hosts SET data = x'02'")
        other.commit()

    def test_an_unknown_tenant_is_named(self):
        with self.assertRaisesRegex(latium_sql.Error, "nobody"):
            latium_sql.connect(self.daemon.address, "nobody")


if __name__ == "__main__":
    unittest.main()

package dev.carrel.preview;

import dev.carrel.sandbox.SandboxId;
import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// The table `preview_ports`. Rows go with their sandbox's.
final class PreviewRows {
    private PreviewRows() {}

    static Optional<PreviewPort> find(Handle handle, SandboxId sandbox, int port) {
        return handle.createQuery("select * from preview_ports where sandbox = ? and port = ?")
                .bind(0, sandbox.value())
                .bind(1, port)
                .map((row, context) -> read(row))
                .findOne();
    }

    static List<PreviewPort> list(Handle handle, SandboxId sandbox) {
        return handle.createQuery("select * from preview_ports where sandbox = ? order by port")
                .bind(0, sandbox.value())
                .map((row, context) -> read(row))
                .list();
    }

    /// Those of a whole project, by sandbox and port.
    static List<PreviewPort> list(Handle handle, ProjectId project) {
        return handle.createQuery(
                        "select * from preview_ports where project = ? order by sandbox, port")
                .bind(0, project.value())
                .map((row, context) -> read(row))
                .list();
    }

    static boolean hasSandbox(Handle handle, SandboxId sandbox) {
        return handle.createQuery("select count(*) from sandboxes where id = ?")
                        .bind(0, sandbox.value())
                        .mapTo(Integer.class)
                        .one()
                > 0;
    }

    static int put(Handle handle, PreviewPort port) {
        delete(handle, port.sandbox(), port.port());
        return handle.execute(
                """
                insert into preview_ports
                    (sandbox, port, project, label, token_hash, created_at)
                values (?, ?, ?, ?, ?, ?)
                """,
                port.sandbox().value(),
                port.port(),
                port.project().value(),
                port.label().orElse(null),
                port.tokenHash().orElse(null),
                Micros.of(port.createdAt()));
    }

    static int delete(Handle handle, SandboxId sandbox, int port) {
        return handle.execute(
                "delete from preview_ports where sandbox = ? and port = ?", sandbox.value(), port);
    }

    private static PreviewPort read(ResultSet row) throws SQLException {
        return new PreviewPort(
                new SandboxId(row.getString("sandbox")),
                new ProjectId(row.getString("project")),
                row.getInt("port"),
                Optional.ofNullable(row.getString("label")),
                Optional.ofNullable(row.getString("token_hash")),
                Micros.toInstant(row.getLong("created_at")));
    }
}

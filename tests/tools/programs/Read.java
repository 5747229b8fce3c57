import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;

/** Prints the rows of a query on a SQLite file as CSV: java Read.java FILE SQL. */
class Read {
    public static void main(String[] words) throws Exception {
        // open_mode=1 is SQLITE_OPEN_READONLY.
        try (Connection journal = DriverManager.getConnection("jdbc:sqlite:" + words[0] + "?open_mode=1");
                Statement statement = journal.createStatement();
                ResultSet rows = statement.executeQuery(words[1])) {
            int columns = rows.getMetaData().getColumnCount();
            while (rows.next()) {
                StringBuilder line = new StringBuilder();
                for (int column = 1; column <= columns; column++) {
                    line.append(column == 1 ? "" : ",").append(rows.getObject(column));
                }
                System.out.println(line);
            }
        }
    }
}

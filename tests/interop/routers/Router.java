// ROUTER of JeroMQ (ZeroMQ in Java). Arguments: PORT VERSION. protocol.py describes input and output. Methods that
// only some versions have are called by reflection.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.zeromq.ZMQ;

public class Router {
    static volatile boolean ended = false;
    static final ConcurrentLinkedQueue<String> waiting = new ConcurrentLinkedQueue<>();

    public static void main(String[] words) throws Exception {
        // The library prints messages about peers to stdout, which belongs to the protocol.
        PrintStream out = System.out;
        System.setOut(System.err);
        ZMQ.Socket router = ZMQ.context(1).socket(6);
        router.setLinger(0);
        router.setReceiveTimeOut(5);
        int pings = set(router, "setHeartbeatIvl", 100) && set(router, "setHeartbeatTimeout", 1500) ? 1 : 0;
        router.bind("tcp://127.0.0.1:" + words[0]);
        Thread reader = new Thread(Router::read);
        reader.setDaemon(true);
        reader.start();
        out.println("listening " + words[1] + " " + pings);
        while (!ended) {
            byte[] part = router.recv(0);
            if (part != null) {
                StringBuilder line = new StringBuilder("< " + hex(part));
                while (router.hasReceiveMore()) line.append(" ").append(hex(router.recv(0)));
                out.println(line);
            }
            for (String line = waiting.poll(); line != null; line = waiting.poll()) send(router, line.trim().split(" "));
        }
        System.exit(0);
    }

    static boolean set(ZMQ.Socket router, String name, int value) {
        try {
            router.getClass().getMethod(name, int.class).invoke(router, value);
            return true;
        } catch (ReflectiveOperationException missing) {
            return false;
        }
    }

    static void send(ZMQ.Socket router, String[] parts) {
        for (int i = 0; i < parts.length; i++) router.send(bytes(parts[i]), i + 1 < parts.length ? 2 : 0);
    }

    static void read() {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(System.in))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) waiting.add(line);
        } catch (java.io.IOException gone) {
            // A read error ends the process like the end of stdin.
        }
        ended = true;
    }

    static String hex(byte[] part) {
        StringBuilder text = new StringBuilder();
        for (byte one : part) text.append(String.format("%02x", one));
        return part.length == 0 ? "-" : text.toString();
    }

    static byte[] bytes(String text) {
        byte[] part = new byte[text.equals("-") ? 0 : text.length() / 2];
        for (int i = 0; i < part.length; i++) part[i] = (byte) Integer.parseInt(text.substring(2 * i, 2 * i + 2), 16);
        return part;
    }
}

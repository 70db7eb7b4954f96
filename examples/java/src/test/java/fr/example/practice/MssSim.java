package fr.example.practice;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The set-up: a world of each test's own, which ends with the test. The simulator is the one whose ready file MSS_READY names, else one
 * that is started here and ends with the tests.
 */
final class MssSim implements BeforeEachCallback, AfterEachCallback {
    private static JsonObject first;
    JsonObject world;

    @Override
    public void beforeEach(ExtensionContext test) throws Exception {
        world = Rest.control(first(), "POST", "/worlds", "{}");
    }

    @Override
    public void afterEach(ExtensionContext test) throws Exception {
        Rest.control(first(), "DELETE", "/worlds/" + world.get("id").getAsString(), "");
    }

    private static synchronized JsonObject first() throws Exception {
        if (first != null) return first;
        String running = System.getenv("MSS_READY");
        Path ready = running != null ? Path.of(running) : Files.createTempDirectory("mss-sim").resolve("ready.json");
        if (running == null) {
            ProcessBuilder command = new ProcessBuilder("mss-sim", "run", "--memory", "--ready-file", ready.toString());
            for (String port : List.of("SUBMISSION", "MX", "IMAP", "HTTP")) command.environment().put("MSS_SIM_" + port + "_PORT", "0");
            Process simulator = command.redirectOutput(Redirect.DISCARD).redirectError(Redirect.DISCARD).start();
            Runtime.getRuntime().addShutdownHook(new Thread(simulator::destroy));
            while (!Files.exists(ready) && simulator.isAlive()) Thread.sleep(50);
        }
        return first = new Gson().fromJson(Files.readString(ready), JsonObject.class);
    }
}

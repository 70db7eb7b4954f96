package fr.example.practice;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** JSON over HTTP. */
final class Rest {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private Rest() {}

    /** What a server answered. */
    record Answer(int status, JsonElement json) {}

    /** A request to the control plane of a world; the answer must be good, and is null where it is empty. */
    static JsonObject control(JsonObject world, String method, String path, String body) throws Exception {
        JsonElement key = world.get("control_key");
        String[] headers = {"Content-Type", "application/json", "X-Control-Key", key.isJsonNull() ? "" : key.getAsString()};
        Answer answer = ask(method, world.get("http").getAsString() + "/control" + path, body, headers);
        if (answer.status >= 300) throw new IllegalStateException(String.valueOf(answer.json));
        return (JsonObject) answer.json;
    }

    /** Any request; headers are names and values in turn. */
    static Answer ask(String method, String url, String body, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(30)).headers(headers);
        HttpResponse<String> answer = CLIENT.send(request.method(method, BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
        return new Answer(answer.statusCode(), new Gson().fromJson(answer.body(), JsonElement.class));
    }
}

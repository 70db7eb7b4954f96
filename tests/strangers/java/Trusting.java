import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** Asks one URL with what the JVM trusts (javax.net.ssl.trustStore), and tells the status. */
public class Trusting {
    public static void main(String[] args) throws Exception {
        var answer = HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create(args[0])).build(), BodyHandlers.ofString());
        System.out.println(answer.statusCode());
    }
}

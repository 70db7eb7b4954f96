using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Practice.Tests;

/// <summary>
/// The set-up: a world of each test's own, which ends with the test. The simulator is the one whose ready file MSS_READY names, else one
/// that is started here and ends with the tests.
/// </summary>
public abstract class MssSim : IAsyncLifetime
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private static readonly Lazy<Task<JsonNode>> First = new(ReadyAsync);

    /// <summary>What is told of the world: ports, certificate, personas.</summary>
    protected JsonNode World { get; private set; } = null!;

    public async Task InitializeAsync() => World = (await ControlAsync(await First.Value, HttpMethod.Post, "/worlds", new JsonObject()))!;

    public async Task DisposeAsync() => await ControlAsync(await First.Value, HttpMethod.Delete, $"/worlds/{World["id"]}");

    private static async Task<JsonNode> ReadyAsync()
    {
        var ready = Environment.GetEnvironmentVariable("MSS_READY");
        if (ready is null)
        {
            ready = Path.Combine(Directory.CreateTempSubdirectory("mss-sim-").FullName, "ready.json");
            string[] ports = ["--submission-port", "0", "--mx-port", "0", "--imap-port", "0", "--http-port", "0"];
            var simulator = Process.Start("mss-sim", ["run", "--memory", "--ready-file", ready, "--log-level", "error", .. ports]);
            AppDomain.CurrentDomain.ProcessExit += (_, _) => simulator.Kill();
            while (!File.Exists(ready) && !simulator.HasExited) await Task.Delay(50);
        }
        return JsonNode.Parse(await File.ReadAllTextAsync(ready))!;
    }

    /// <summary>A request to the control plane of a world; the answer, null for an empty one.</summary>
    protected static async Task<JsonNode?> ControlAsync(JsonNode world, HttpMethod method, string path, JsonNode? body = null)
    {
        using var request = new HttpRequestMessage(method, $"{world["http"]}/control{path}");
        if (world["control_key"] is { } key) request.Headers.Add("X-Control-Key", key.ToString());
        if (body is not null) request.Content = JsonContent.Create(body);
        using var answer = await Http.SendAsync(request);
        var said = await answer.Content.ReadAsStringAsync();
        if (!answer.IsSuccessStatusCode) throw new InvalidOperationException(said);
        return said.Length == 0 ? null : JsonNode.Parse(said);
    }
}

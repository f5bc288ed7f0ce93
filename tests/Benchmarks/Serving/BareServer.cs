using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ModelWorkbench.Benchmarks.Serving;

/// <summary>The yardstick of serving: the web server alone, which reads the same JSON with Utf8JsonReader and answers with one number a row. No key, limiter, figures or model.</summary>
internal static class BareServer
{
    public static void Run(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => { kestrel.AddServerHeader = false; kestrel.ListenLocalhost(port); });
        var app = builder.Build();
        app.MapPost("/predict", (RequestDelegate)AnswerAsync);
        app.Run();
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        while (true)
        {
            var read = await context.Request.BodyReader.ReadAsync();
            if (read.IsCompleted)
            {
                Answer(read.Buffer, context.Response);
                context.Request.BodyReader.AdvanceTo(read.Buffer.End);
                return;
            }
            context.Request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static void Answer(ReadOnlySequence<byte> body, HttpResponse response)
    {
        var reader = new Utf8JsonReader(body);
        var sums = new List<double>(1);
        var sum = 0.0;
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.Number) sum += reader.GetDouble();
            else if (reader.TokenType == JsonTokenType.String) sum += reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;
            else if (reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == 2) { sums.Add(sum); sum = 0; }
        }
        var output = new ArrayBufferWriter<byte>(64 + 24 * sums.Count);
        output.Write("{\"predictions\":["u8);
        for (var i = 0; i < sums.Count; i++)
        {
            if (i > 0) output.Write(","u8);
            sums[i].TryFormat(output.GetSpan(32), out var length, "R", CultureInfo.InvariantCulture);
            output.Advance(length);
        }
        output.Write("]}"u8);
        response.ContentType = "application/json";
        response.ContentLength = output.WrittenCount;
        response.BodyWriter.Write(output.WrittenSpan);
    }
}

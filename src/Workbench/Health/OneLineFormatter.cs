using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace ModelWorkbench.Workbench.Health;

/// <summary>A line of the log an event, whatever stands in names that others chose: characters that would begin a line, or colour and move what a terminal shows, are written as their numbers. A fault's stack follows, indented.</summary>
public sealed class OneLineFormatter(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "line";

    private const string Indent = "    ";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        textWriter.Write(time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        textWriter.Write(' ');
        textWriter.Write(logEntry.LogLevel.ToString().ToLowerInvariant());
        textWriter.Write(' ');
        textWriter.Write(logEntry.Category);
        textWriter.Write(": ");
        textWriter.Write(Encode(message));
        textWriter.Write('\n');
        if (logEntry.Exception is not { } exception) return;
        foreach (var line in exception.ToString().Split('\n'))
        {
            textWriter.Write(Indent);
            textWriter.Write(Encode(line.TrimEnd('\r')));
            textWriter.Write('\n');
        }
    }

    /// <summary>Control characters, marks that turn the direction of writing, and other ends of lines as <c>\u001b</c>.</summary>
    public static string Encode(string text)
    {
        if (!text.Any(IsUnsafe)) return text;
        var encoded = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            if (c == '\r') encoded.Append("\\r");
            else if (c == '\n') encoded.Append("\\n");
            else if (IsUnsafe(c)) encoded.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else encoded.Append(c);
        }
        return encoded.ToString();
    }

    private static bool IsUnsafe(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}

using System.Globalization;
using System.Text.Json.Nodes;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Endpoints;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>An OpenAPI 3.1 document for one endpoint: its real columns with kinds, ranges and choices, and a real row as example, in all dialects.</summary>
/// <remarks>
/// Ranges and choices are told and not demanded (<c>x-training-range</c>, <c>examples</c> rather than <c>minimum</c> and <c>enum</c>): a value outside is answered, with a warning, and a client that checks before it asks
/// would refuse what the endpoint takes.
/// </remarks>
public static class EndpointDescription
{
    private const int MostChoices = 30;

    public static JsonObject Write(LiveModel model, Disclosure disclosure, string address)
    {
        var manifest = model.Package.Manifest;
        var row = SampleRows.First(manifest);
        var used = manifest.Signature.Used;
        JsonNode?[] Values() => [.. used.Select(i => Value(i, row.GetValueOrDefault(i.Name)))];
        JsonObject Record() => new([.. used.Select(i => KeyValuePair.Create(i.Name, Value(i, row.GetValueOrDefault(i.Name))))]);
        var names = new JsonArray([.. used.Select(i => JsonValue.Create(i.Name))]);
        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = model.Name,
                ["version"] = model.VersionText,
                ["description"] = $"Predicts {manifest.Target.Column} ({manifest.Target.Task.ToString().ToLowerInvariant()}) with a {manifest.TrainerName.ToLowerInvariant()}, version {model.VersionText}.{(manifest.Target.Threshold is { } threshold ? string.Create(CultureInfo.InvariantCulture, $" The answer is {manifest.Target.Classes[1]} where its probability is at least {threshold}, else {manifest.Target.Classes[0]}.") : "")} null is a missing value, in every column; a category that was not seen in training counts as missing and is named in the warnings.",
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = address }),
            ["security"] = new JsonArray(new JsonObject { ["bearer"] = new JsonArray() }, new JsonObject { ["apiKey"] = new JsonArray() }),
            ["paths"] = new JsonObject
            {
                [$"/api/v1/models/{model.Name}/predict"] = Post("predict", "Scores rows, by name or by position",
                    Content(("application/json", Ref("Request"), new() { ["records"] = new JsonObject { ["records"] = new JsonArray(Record()) }, ["features"] = new JsonObject { ["features"] = new JsonArray(new JsonArray(Values())) } }), ("text/csv", new JsonObject { ["type"] = "string", ["description"] = "A line of column names, then a line a row." }, [])),
                    Ref("Answer"), Ref("Problem"), "application/problem+json"),
                [$"/v2/models/{model.Name}/infer"] = Post("infer", "Open Inference Protocol v2",
                    Content(("application/json", Ref("InferRequest"), new() { ["row"] = new JsonObject { ["inputs"] = new JsonArray([.. used.Select(i => new JsonObject { ["name"] = i.Name, ["shape"] = new JsonArray(1, 1), ["datatype"] = Datatype(i), ["data"] = new JsonArray(Value(i, row.GetValueOrDefault(i.Name))) })]) } })),
                    Ref("InferAnswer"), Ref("Error"), "application/json"),
                [$"/mlflow/{model.Name}/invocations"] = Post("invocations", "MLflow's scoring protocol",
                    Content(("application/json", Ref("Invocation"), new() { ["split"] = new JsonObject { ["dataframe_split"] = new JsonObject { ["columns"] = names.DeepClone(), ["data"] = new JsonArray(new JsonArray(Values())) } } })),
                    Ref("Predictions"), Ref("MlflowError"), "application/json"),
                [$"/v1/models/{model.Name}:predict"] = Post("predictV1", "TensorFlow Serving and KServe v1",
                    Content(("application/json", Ref("Instances"), new() { ["row"] = new JsonObject { ["instances"] = new JsonArray(new JsonArray(Values())) } })),
                    Ref("Predictions"), Ref("Error"), "application/json"),
            },
            ["components"] = new JsonObject
            {
                ["securitySchemes"] = new JsonObject
                {
                    ["bearer"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = "The endpoint's key (mwk_…)." },
                    ["apiKey"] = new JsonObject { ["type"] = "apiKey", ["in"] = "header", ["name"] = "X-Api-Key" },
                },
                ["schemas"] = Schemas(manifest, disclosure, used, names),
            },
        };
    }

    private static JsonObject Schemas(ModelManifest manifest, Disclosure disclosure, IReadOnlyList<InputColumn> used, JsonArray names)
    {
        var isNumber = manifest.Target.Task == LearningTask.Regression;
        JsonObject Answer() => isNumber ? new() { ["type"] = Types("number") } : new()
        {
            ["type"] = "string",
            ["description"] = $"One of {manifest.Target.Classes.Count:N0} classes; their names stand in the answer, too.",
            // Not an enumeration: the next version may know another class, and lists of enumerations are what generated clients stumble over.
            ["examples"] = new JsonArray([.. manifest.Target.Classes.Take(MostChoices).Select(c => JsonValue.Create(c))]),
        };
        JsonObject Positional() => Array(new JsonObject
        {
            ["type"] = "array",
            ["description"] = "One value a column, in this order.",
            ["prefixItems"] = new JsonArray([.. used.Select(Column)]),
            ["minItems"] = used.Count,
            ["maxItems"] = used.Count,
        }, "One array a row.");
        var answer = new JsonObject
        {
            ["model"] = new JsonObject { ["type"] = "string" },
            ["version"] = new JsonObject { ["type"] = "integer" },
            ["requestId"] = new JsonObject { ["type"] = "string" },
            ["predictions"] = Array(Answer(), $"{manifest.Target.Column}, one a row."),
            ["warnings"] = Array(new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["row"] = new JsonObject { ["type"] = "integer" }, ["column"] = new JsonObject { ["type"] = "string" }, ["message"] = new JsonObject { ["type"] = "string" } } }, "What was answered in spite of."),
        };
        JsonObject Number() => new() { ["type"] = Types("number") };
        var explains = disclosure.WhyNoExplanation is null;
        if (explains) answer["explanation"] = new JsonObject
        {
            ["type"] = "object",
            ["description"] = "On request. For every row and sum, base and contributions add up to what the model says on the scale.",
            ["properties"] = new JsonObject
            {
                ["scale"] = new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. Enum.GetValues<ContributionScale>().Select(scale => JsonValue.Create(ContributionScales.IdOf(scale)))]) },
                ["of"] = Array(new JsonObject { ["type"] = "string" }, "What the sums are of: the number, the second of two classes, or each class."),
                ["base"] = Array(Number(), "One a sum: its mean over training rows that stand for the usual."),
                ["columns"] = Array(new JsonObject { ["type"] = "string" }, "In the order of the contributions."),
                ["contributions"] = Array(Array(Array(Number(), "One a column."), "One list a sum."), "One list a row."),
                ["standardErrors"] = Array(Array(Array(Number(), "One a column."), "One list a sum."), "One list a row, where contributions are sampled."),
            },
            ["required"] = new JsonArray("scale", "of", "base", "columns", "contributions"),
        };
        if (isNumber)
        {
            answer["intervals"] = Array(Array(new JsonObject { ["type"] = Types("number") }, "Low and high."), "On request, one a row.");
            answer["intervalLevel"] = new JsonObject { ["type"] = "number" };
            answer["intervalCoverage"] = new JsonObject { ["type"] = "number", ["description"] = "The share of validation rows that such intervals held." };
        }
        else
        {
            answer["classes"] = Array(new JsonObject { ["type"] = "string" }, disclosure.LabelsOnly ? "All there are." : "In the order of the probabilities.");
            if (!disclosure.LabelsOnly) answer["probabilities"] = Array(Array(new JsonObject { ["type"] = "number", ["minimum"] = 0, ["maximum"] = 1 }, "One a class."), $"One array a row{(disclosure.ScoreDecimals is { } decimals ? $"; rounded to {decimals} digits after the point" : "")}.");
        }
        var request = new JsonObject
        {
            ["records"] = Array(Ref("Row"), "One object a row."),
            ["features"] = Positional(),
            ["columns"] = Array(new JsonObject { ["type"] = "string" }, "Names for the values of features, where they come in another order."),
            ["requestId"] = new JsonObject { ["type"] = "string", ["description"] = "Comes back with the answer." },
        };
        if (explains) request["explain"] = new JsonObject { ["type"] = "boolean", ["default"] = false, ["description"] = $"Asks for what each column adds to each answer; at most {Prediction.MostExplainedRows} rows." };
        if (manifest.Intervals is { Count: > 0 } intervals) request["interval"] = new JsonObject { ["type"] = "number", ["enum"] = new JsonArray([.. intervals.Select(i => JsonValue.Create(i.Level))]), ["description"] = "Asks for an interval around each number." };
        JsonObject Tensor(JsonNode data) => new()
        {
            ["type"] = "object",
            ["properties"] = new JsonObject { ["name"] = new JsonObject { ["type"] = "string" }, ["shape"] = Array(new JsonObject { ["type"] = "integer", ["minimum"] = 0 }, "Rows, and values a row."), ["datatype"] = new JsonObject { ["type"] = "string" }, ["data"] = data },
            ["required"] = new JsonArray("name", "shape", "datatype", "data"),
        };
        JsonObject Values() => new() { ["type"] = "array", ["description"] = "Row by row." };
        JsonObject Options() => new() { ["type"] = "object", ["properties"] = new JsonObject([.. request.Where(p => p.Key is "explain" or "interval").Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone()))]), ["description"] = "What is asked for beside the answers; others are ignored." };
        return new JsonObject
        {
            ["Row"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject([.. used.Select(i => KeyValuePair.Create<string, JsonNode?>(i.Name, Column(i)))]), ["required"] = names.DeepClone() },
            ["Request"] = new JsonObject { ["type"] = "object", ["properties"] = request, ["description"] = "Exactly one of records and features." },
            ["Answer"] = new JsonObject { ["type"] = "object", ["properties"] = answer, ["required"] = new JsonArray("model", "version", "predictions") },
            ["Problem"] = new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject
                {
                    ["title"] = new JsonObject { ["type"] = "string" },
                    ["status"] = new JsonObject { ["type"] = "integer" },
                    ["detail"] = new JsonObject { ["type"] = "string" },
                    ["errors"] = Array(new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["row"] = new JsonObject { ["type"] = Types("integer") }, ["column"] = new JsonObject { ["type"] = Types("string") }, ["found"] = new JsonObject { ["type"] = "string" }, ["expected"] = new JsonObject { ["type"] = "string" } } }, "Every fault, up to 100."),
                },
                ["required"] = new JsonArray("status", "detail"),
            },
            ["InferRequest"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["id"] = new JsonObject { ["type"] = "string" }, ["parameters"] = Options(), ["inputs"] = Array(Tensor(Values()), "One tensor a column, by its name."), ["outputs"] = Array(new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["name"] = new JsonObject { ["type"] = "string" } } }, "Those that are wanted; all where it is left out.") }, ["required"] = new JsonArray("inputs") },
            ["InferAnswer"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["model_name"] = new JsonObject { ["type"] = "string" }, ["model_version"] = new JsonObject { ["type"] = "string" }, ["id"] = new JsonObject { ["type"] = "string" }, ["outputs"] = Array(Tensor(Values()), isNumber || disclosure.LabelsOnly ? "predict." : "predict and predict_proba.") }, ["required"] = new JsonArray("model_name", "outputs") },
            ["Invocation"] = new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject
                {
                    ["dataframe_split"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["columns"] = Array(new JsonObject { ["type"] = "string" }, "Names."), ["index"] = Values(), ["data"] = Array(Values(), "One array a row.") }, ["required"] = new JsonArray("data"), ["additionalProperties"] = false },
                    ["dataframe_records"] = Array(Ref("Row"), "One object a row."),
                    ["instances"] = Values(),
                    ["inputs"] = new JsonObject { ["description"] = "Columns with their values, or rows." },
                    ["params"] = Options(),
                },
            },
            ["Instances"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["instances"] = Positional(), ["parameters"] = Options() }, ["required"] = new JsonArray("instances") },
            ["Predictions"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["predictions"] = Array(Answer(), "One a row.") }, ["required"] = new JsonArray("predictions") },
            ["Error"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["error"] = new JsonObject { ["type"] = "string" } }, ["required"] = new JsonArray("error") },
            ["MlflowError"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["error_code"] = new JsonObject { ["type"] = "string" }, ["message"] = new JsonObject { ["type"] = "string" } }, ["required"] = new JsonArray("error_code", "message") },
        };
    }

    private static JsonObject Column(InputColumn input)
    {
        var schema = new JsonObject();
        switch (input.Kind)
        {
            case ColumnKind.Numeric:
                // Numbers are taken as texts too, as many clients have nothing else; of several types generators of clients would choose the wrong one.
                schema["type"] = Types("number");
                schema["description"] = input.Minimum is null ? "A number, or a text that is one." : $"A number, or a text that is one; in training {Text(input.Minimum)} to {Text(input.Maximum)}{(input.WholeNumbers ? ", whole numbers" : "")}.";
                if (input.Minimum is { } low && input.Maximum is { } high) schema["x-training-range"] = new JsonArray(low, high);
                break;
            case ColumnKind.DateTime:
                schema["type"] = Types("string");
                schema["description"] = $"A date or date-time, ISO 8601{(input.Earliest is null ? "" : $"; in training {input.Earliest} to {input.Latest}")}.";
                break;
            default:
                schema["type"] = Types("string");
                schema["description"] = input.Kind == ColumnKind.Text ? "A text." : input.Kind == ColumnKind.Boolean ? "True or false, as the file writes it or as a JSON boolean." : $"A category, one of {input.Choices?.Count ?? 0:N0} in training.";
                if (input.Choices is { Count: > 0 } choices) schema["examples"] = new JsonArray([.. choices.Take(MostChoices).Select(c => JsonValue.Create(c))]);
                break;
        }
        return schema;
    }

    private static string Text(double? number) => number?.ToString("R", CultureInfo.InvariantCulture) ?? "?";

    private static JsonNode? Value(InputColumn input, string? text) => text is not { Length: > 0 } ? null
        : input.Kind == ColumnKind.Numeric && double.TryParse(text, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? JsonValue.Create(number) : JsonValue.Create(text);

    private static string Datatype(InputColumn input) => input.Kind == ColumnKind.Numeric ? "FP64" : "BYTES";

    private static JsonArray Types(params string[] types) => new([.. types.Append("null").Select(t => JsonValue.Create(t))]);

    private static JsonObject Ref(string name) => new() { ["$ref"] = $"#/components/schemas/{name}" };

    private static JsonObject Array(JsonNode items, string description) => new() { ["type"] = "array", ["description"] = description, ["items"] = items };

    private static JsonObject Content(params (string Type, JsonObject Schema, Dictionary<string, JsonObject> Examples)[] kinds) => new([.. kinds.Select(k =>
    {
        var content = new JsonObject { ["schema"] = k.Schema };
        if (k.Examples.Count > 0) content["examples"] = new JsonObject([.. k.Examples.Select(e => KeyValuePair.Create<string, JsonNode?>(e.Key, new JsonObject { ["value"] = e.Value }))]);
        return KeyValuePair.Create<string, JsonNode?>(k.Type, content);
    })]);

    private static JsonObject Post(string id, string summary, JsonObject content, JsonObject answer, JsonObject error, string errorType)
    {
        var responses = new JsonObject { ["200"] = new JsonObject { ["description"] = "The answers, in the order of the rows.", ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = answer } } } };
        foreach (var (status, description) in new[] { ("400", "The request does not fit the model; the message says where."), ("401", "No valid key."), ("413", "Too large, or too many rows."), ("429", "Too many requests; Retry-After says when to ask again."), ("503", "The model does not answer now.") })
            responses[status] = new JsonObject { ["description"] = description, ["content"] = new JsonObject { [errorType] = new JsonObject { ["schema"] = error.DeepClone() } } };
        return new JsonObject { ["post"] = new JsonObject { ["operationId"] = id, ["summary"] = summary, ["requestBody"] = new JsonObject { ["required"] = true, ["content"] = content }, ["responses"] = responses } };
    }
}

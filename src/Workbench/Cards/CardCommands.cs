using System.Text.Json;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Core.Tuning;
using ModelWorkbench.Workbench.Experiments;

namespace ModelWorkbench.Workbench.Cards;

/// <summary>The lines for a shell that make the same experiment once more.</summary>
public static class CardCommands
{
    private static readonly JsonSerializerOptions Options = new(CoreJson.Options) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Address and token come from the environment: neither belongs in a file that is sent around.</summary>
    public static string Of(ModelCard card)
    {
        var plan = card.Plan;
        var dataset = card.Experiment.DatasetId ?? 0;
        var body = new ExperimentApi.StartBody(dataset, plan.Target, plan.Task, plan.MetricId, plan.TrainerIds, plan.IgnoredColumns, plan.Split, plan.BudgetSeconds, plan.Tuning, plan.Limits, plan.Weights);
        List<string> lines = ["# WORKBENCH: address of a workbench, without a slash at its end; TOKEN: one of its access tokens"];
        if (card.Experiment.DatasetId is null) lines.Add("# the dataset was deleted: upload its file again, and put the new id in the place of 0");
        lines.Add(Call("PUT", $"datasets/{dataset}/recipe", JsonSerializer.Serialize(plan.Recipe, Options)));
        lines.Add(Call("POST", "experiments", Present(body)));
        if (card.Trial is { Spec: { } spec, VariantOf: null } && spec.Origin != TrialOrigin.Ensemble && spec.TrainerId != BaselineTrainer.BaselineId)
        {
            lines.Add("# when it has ended: this very model; EXPERIMENT is the id in the answer above");
            lines.Add(Call("POST", "experiments/$EXPERIMENT/trials", JsonSerializer.Serialize(new ExperimentApi.TryBody(spec.TrainerId, spec.Values), Options)));
        }
        return string.Join("\n", lines);
    }

    private static string Call(string method, string path, string json) => $"""
        curl -sS -X {method} "$WORKBENCH/api/v1/{path}" \
          -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
          -d '{json.Replace("'", "'\\''", StringComparison.Ordinal)}'
        """;

    /// <summary>Without what is null: it is proposed from the data, or means none.</summary>
    private static string Present(ExperimentApi.StartBody body)
    {
        var json = JsonSerializer.SerializeToNode(body, Options)!.AsObject();
        foreach (var (name, value) in json.ToList())
            if (value is null) json.Remove(name);
        return json.ToJsonString(new JsonSerializerOptions { Encoder = Options.Encoder });
    }
}

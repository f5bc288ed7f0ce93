namespace ModelWorkbench.Core.Trainers;

/// <summary>Every way to learn that the product knows, quick ones first: the order of lists and of a comparison's run.</summary>
public static class TrainerCatalog
{
    public static IReadOnlyList<Trainer> All { get; } =
    [
        new BaselineTrainer(),
        new LogisticRegressionTrainer(),
        new SdcaTrainer(),
        new AveragedPerceptronTrainer(),
        new LightGbmTrainer(),
        new RandomForestTrainer(),
        new ExtraTreesTrainer(),
        new FastTreeTrainer(),
    ];

    /// <exception cref="ArgumentException">No trainer has this id; the message lists those that exist.</exception>
    public static Trainer Find(string id) => All.FirstOrDefault(t => t.Id == id)
        ?? throw new ArgumentException($"There is no trainer '{id}'. The trainers are: {string.Join(", ", All.Select(t => t.Id))}.", nameof(id));
}

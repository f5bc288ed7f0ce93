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
        new SgdTrainer(),
        new LightGbmTrainer(),
        new DartTrainer(),
        new RandomForestTrainer(),
        new ExtraTreesTrainer(),
        new NeuralNetworkTrainer(),
        new AdditiveTrainer(),
        new NeighboursTrainer(),
        new GaussianBayesTrainer(),
        new FastTreeTrainer(),
    ];

    /// <summary>Stands for a trainer where a trial is a mixture of others.</summary>
    public const string EnsembleId = "ensemble";

    /// <summary>What people read for the id of a trainer or of an ensemble.</summary>
    /// <exception cref="ArgumentException">No trainer has this id.</exception>
    public static string NameOf(string id) => id == EnsembleId ? "Ensemble" : Find(id).Name;

    /// <summary>One sentence for the help text of a trainer or an ensemble.</summary>
    /// <exception cref="ArgumentException">No trainer has this id.</exception>
    public static string DescriptionOf(string id) => id == EnsembleId ? "The weighted mean of several models, whose errors partly cancel out." : Find(id).Description;

    /// <exception cref="ArgumentException">No trainer has this id; the message lists those that exist.</exception>
    public static Trainer Find(string id) => All.FirstOrDefault(t => t.Id == id)
        ?? throw new ArgumentException($"There is no trainer '{id}'. The trainers are: {string.Join(", ", All.Select(t => t.Id))}.", nameof(id));
}

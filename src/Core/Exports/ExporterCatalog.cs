using ModelWorkbench.Core.Exports.MlNet;
using ModelWorkbench.Core.Exports.Onnx;

namespace ModelWorkbench.Core.Exports;

/// <summary>All forms in which models can be taken away, in the order in which they are shown.</summary>
public static class ExporterCatalog
{
    public static IReadOnlyList<ModelExporter> All { get; } = [new PackageExporter(), new OnnxExporter(), new MlNetExporter()];

    public static ModelExporter? Find(string id) => All.FirstOrDefault(e => e.Id == id);
}

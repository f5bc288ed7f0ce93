using ModelWorkbench.Core.Exports.MlNet;
using ModelWorkbench.Core.Exports.Onnx;
using ModelWorkbench.Core.Exports.Sources;

namespace ModelWorkbench.Core.Exports;

/// <summary>All forms in which models can be taken away, in the order in which they are shown.</summary>
public static class ExporterCatalog
{
    public static IReadOnlyList<ModelExporter> All { get; } = [new PackageExporter(), new OnnxExporter(), new MlNetExporter(), new PythonExporter(), new CSharpExporter(), new ServerExporter()];

    public static ModelExporter? Find(string id) => All.FirstOrDefault(e => e.Id == id);
}

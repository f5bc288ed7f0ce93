using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Experiments;

/// <summary>The folder of a job, where finished files appear whole or not at all.</summary>
internal sealed class JobFolder(string path)
{
    public string PathOf(string name) => Path.Combine(path, name);

    /// <summary>Written under another name first, so that a file with the final name is always whole.</summary>
    /// <returns>Its length in bytes.</returns>
    public long Write(string name, Action<Stream> write)
    {
        var final = PathOf(name);
        using (var file = File.Create(final + ".part"))
        {
            write(file);
            DurableFile.Flush(file);
        }
        File.Move(final + ".part", final, overwrite: true);
        return new FileInfo(final).Length;
    }
}

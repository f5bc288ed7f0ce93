using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Workbench.Audit;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>Datasets with their versions and their recipe.</summary>
public sealed class DatasetStore(IDbContextFactory<AppDb> databases, ArtefactStore artefacts, TableCache tables, AuditLog audit, TimeProvider time)
{
    /// <summary>Characters.</summary>
    public const int MaxNameLength = 100;

    // Reading a big file takes all of a core; two at a time leave the pages quick.
    private readonly SemaphoreSlim _importing = new(2);

    // A free name and the next number are read before they are written.
    private readonly SemaphoreSlim _writing = new(1);

    /// <summary>Reads an uploaded file, keeps the original, and makes a dataset of it.</summary>
    /// <param name="uploadPath">A temporary file that this method takes over.</param>
    /// <param name="fileName">As the person knows it.</param>
    /// <param name="options">How to read it, or null to detect.</param>
    /// <param name="workspaceId">Where it belongs.</param>
    /// <exception cref="CsvFormatException">Not a table; nothing is kept.</exception>
    /// <exception cref="IOException">The disk is full; nothing is kept.</exception>
    public async Task<DatasetRow> ImportAsync(string uploadPath, string fileName, CsvOptions? options, int workspaceId, CancellationToken cancellationToken)
    {
        try
        {
            var reading = await ReadAsync(uploadPath, options, null, cancellationToken);
            var bytes = new FileInfo(uploadPath).Length;
            return await AddDatasetAsync(NewVersion(fileName, await artefacts.AddAsync(uploadPath, cancellationToken), bytes, reading), workspaceId, cancellationToken);
        }
        finally
        {
            File.Delete(uploadPath);
        }
    }

    /// <summary>Reads a kept file and makes a dataset, or a new version of one, of it.</summary>
    /// <param name="fileSha256">The file.</param>
    /// <param name="fileName">As the person knows it.</param>
    /// <param name="options">How to read it, or null to detect.</param>
    /// <param name="datasetId">The dataset that gets a version, which becomes the current one; null for a new dataset.</param>
    /// <param name="workspaceId">Where a new dataset belongs.</param>
    /// <param name="progress">Told a few times a second.</param>
    /// <param name="cancellationToken">Heeded within a second; nothing is kept then.</param>
    /// <returns>The dataset, or null where it is gone.</returns>
    /// <exception cref="CsvFormatException">Not a table; nothing is kept.</exception>
    /// <exception cref="IOException">The disk is full; nothing is kept.</exception>
    public async Task<DatasetRow?> ImportKeptAsync(string fileSha256, string fileName, CsvOptions? options, int? datasetId, int workspaceId, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var path = artefacts.PathOf(fileSha256);
        var version = NewVersion(fileName, fileSha256, new FileInfo(path).Length, await ReadAsync(path, options, progress, cancellationToken));
        return datasetId is { } id ? await AddVersionAsync(id, version, cancellationToken) : await AddDatasetAsync(version, workspaceId, cancellationToken);
    }

    /// <summary>Reads the original of the current version again with other options, which makes a new version; the older ones stay.</summary>
    /// <exception cref="CsvFormatException">The file cannot be read this way; the dataset stays as it was.</exception>
    public async Task<DatasetRow?> ReadAgainAsync(int id, CsvOptions options, CancellationToken cancellationToken) =>
        await FindAsync(id, cancellationToken) is { } row ? await ImportKeptAsync(row.FileSha256, row.FileName, options, id, row.WorkspaceId, null, cancellationToken) : null;

    /// <summary>All versions, newest first.</summary>
    public async Task<IReadOnlyList<DatasetVersionRow>> VersionsAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.DatasetVersions.AsNoTracking().Where(v => v.DatasetId == id).OrderByDescending(v => v.Number).ToListAsync(cancellationToken);
    }

    /// <summary>Makes a version the one that pages and API mean where they name none.</summary>
    /// <returns>The dataset, or null where there is no such version.</returns>
    public async Task<DatasetRow?> MakeCurrentAsync(int id, int number, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.DatasetVersions.Where(v => v.DatasetId == id && v.Number == number).Select(v => (int?)v.Id).SingleOrDefaultAsync(cancellationToken) is not { } version) return null;
        await db.Datasets.Where(d => d.Id == id).ExecuteUpdateAsync(set => set.SetProperty(d => d.CurrentVersionId, version), cancellationToken);
        return await FindAsync(id, cancellationToken);
    }

    /// <summary>All of a workspace, newest first.</summary>
    public async Task<IReadOnlyList<DatasetRow>> ListAsync(int workspaceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Datasets.AsNoTracking().Where(d => d.WorkspaceId == workspaceId).OrderByDescending(d => d.CreatedAt).ToListAsync(cancellationToken);
    }

    public async Task<DatasetRow?> FindAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Datasets.AsNoTracking().SingleOrDefaultAsync(d => d.Id == id, cancellationToken);
    }

    /// <summary>The dataset as it was in one of its versions, for looking at.</summary>
    /// <param name="id">The dataset.</param>
    /// <param name="version">The version's number; null for the current one.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<DatasetRow?> FindAsync(int id, int? version, CancellationToken cancellationToken)
    {
        var row = await FindAsync(id, cancellationToken);
        if (row is null || version is null || row.Current.Number == version) return row;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.DatasetVersions.AsNoTracking().SingleOrDefaultAsync(v => v.DatasetId == id && v.Number == version, cancellationToken) is not { } older) return null;
        row.Current = older;
        return row;
    }

    /// <summary>The table, or where it has more than <see cref="TableCache.MaxRows"/> rows an even sample of that many, in the order of the file.</summary>
    public Task<Table> SampleAsync(DatasetRow dataset) => tables.GetAsync(dataset.SampleSha256 ?? dataset.TableSha256);

    /// <summary>The table file with all rows.</summary>
    public string TablePath(DatasetRow dataset) => artefacts.PathOf(dataset.TableSha256);

    /// <summary>Gives the dataset another name; unlike a new dataset's, a chosen name is never changed to make it free.</summary>
    /// <returns>Whether there is such a dataset.</returns>
    /// <exception cref="ArgumentException">The name is blank, too long, or that of another dataset; the message is for the person.</exception>
    public async Task<bool> RenameAsync(int id, string name, CancellationToken cancellationToken)
    {
        if (CleanName(name) is not { Length: > 0 and <= MaxNameLength } clean) throw new ArgumentException($"The name has {CleanName(name).Length} characters; expected 1 to {MaxNameLength}.", nameof(name));
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            if (await db.Datasets.AnyAsync(d => d.Id != id && d.Name == clean && db.Datasets.Any(own => own.Id == id && own.WorkspaceId == d.WorkspaceId), cancellationToken)) throw new ArgumentException($"There is another dataset named '{clean}'; expected a name of its own.", nameof(name));
            return await db.Datasets.Where(d => d.Id == id).ExecuteUpdateAsync(set => set.SetProperty(d => d.Name, clean), cancellationToken) == 1;
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Puts a warning about the data aside, or takes it up again.</summary>
    /// <param name="id">The dataset.</param>
    /// <param name="key">Of the warning.</param>
    /// <param name="dismissed">Whether it is put aside.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>All keys that are put aside now; null where the dataset is gone.</returns>
    public async Task<IReadOnlyList<string>?> DismissWarningAsync(int id, string key, bool dismissed, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            if (await db.Datasets.SingleOrDefaultAsync(d => d.Id == id, cancellationToken) is not { } row) return null;
            row.DismissedWarnings = dismissed ? [.. row.DismissedWarnings.Append(key).Distinct()] : [.. row.DismissedWarnings.Where(k => k != key)];
            await db.SaveChangesAsync(cancellationToken);
            return row.DismissedWarnings;
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Removes the dataset with its versions and its recipe; experiments, models and endpoints made from it stay.</summary>
    public async Task<bool> DeleteAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var name = await db.Datasets.Where(d => d.Id == id).Select(d => d.Name).SingleOrDefaultAsync(cancellationToken);
        if (await db.Datasets.Where(d => d.Id == id).ExecuteDeleteAsync(cancellationToken) == 0) return false;
        await audit.AppendAsync(db, "dataset.delete", Subject(id, name), cancellationToken: cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>The recipe that counts, with how many edits can be undone and redone.</summary>
    public async Task<RecipeState?> RecipeAsync(int datasetId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Datasets.AsNoTracking().SingleOrDefaultAsync(d => d.Id == datasetId, cancellationToken) is not { } dataset) return null;
        var revisions = db.RecipeRevisions.AsNoTracking().Where(r => r.DatasetId == datasetId);
        var current = await revisions.SingleOrDefaultAsync(r => r.Number == dataset.RecipeNumber, cancellationToken);
        var last = await revisions.MaxAsync(r => (int?)r.Number, cancellationToken) ?? 0;
        if (current is null && dataset.RecipeNumber > 0) throw new InvalidDataException($"Revision {dataset.RecipeNumber} of the recipe of dataset {datasetId} is missing.");
        return new RecipeState(current?.Recipe ?? Recipe.Empty, dataset.RecipeNumber, last - dataset.RecipeNumber);
    }

    /// <summary>Makes this the recipe that counts, whatever it was before; what was undone before can no longer be redone.</summary>
    /// <returns>Whether there is such a dataset.</returns>
    public async Task<bool> SaveRecipeAsync(int datasetId, Recipe recipe, CancellationToken cancellationToken) => await SaveRecipeAsync(datasetId, recipe, null, cancellationToken) == RecipeChange.Made;

    /// <summary>Makes this the recipe that counts, where it still is the one that it was made of.</summary>
    /// <param name="datasetId">Whose.</param>
    /// <param name="recipe">The new one.</param>
    /// <param name="basedOn">The <see cref="RecipeState.Tag"/> of the one that was looked at; null to replace any.</param>
    /// <param name="cancellationToken">Nothing is written once it is cancelled.</param>
    public async Task<RecipeChange> SaveRecipeAsync(int datasetId, Recipe recipe, string? basedOn, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            if (await RecipeAsync(datasetId, cancellationToken) is not { } now) return RecipeChange.NoDataset;
            // Whoever made the same of it wanted the same.
            if (basedOn is not null && basedOn != now.Tag) return RecipeState.TagOf(recipe) == now.Tag ? RecipeChange.Made : RecipeChange.ChangedMeanwhile;
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            if (await db.Datasets.SingleOrDefaultAsync(d => d.Id == datasetId, cancellationToken) is not { } dataset) return RecipeChange.NoDataset;
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            await db.RecipeRevisions.Where(r => r.DatasetId == datasetId && r.Number > dataset.RecipeNumber).ExecuteDeleteAsync(cancellationToken);
            dataset.RecipeNumber++;
            db.RecipeRevisions.Add(new RecipeRevisionRow { DatasetId = datasetId, Number = dataset.RecipeNumber, Recipe = recipe, CreatedAt = time.GetUtcNow() });
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return RecipeChange.Made;
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Goes back (negative) or forward (positive) in the edits; stays within them.</summary>
    /// <param name="basedOn">The <see cref="RecipeState.Tag"/> of the recipe that was looked at: another one's edits are not undone unseen.</param>
    public async Task<RecipeChange> MoveRecipeAsync(int datasetId, int edits, string basedOn, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            if (await RecipeAsync(datasetId, cancellationToken) is not { } state) return RecipeChange.NoDataset;
            if (state.Tag != basedOn) return RecipeChange.ChangedMeanwhile;
            var number = Math.Clamp(state.UndoCount + edits, 0, state.UndoCount + state.RedoCount);
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            await db.Datasets.Where(d => d.Id == datasetId).ExecuteUpdateAsync(set => set.SetProperty(d => d.RecipeNumber, number), cancellationToken);
            return RecipeChange.Made;
        }
        finally
        {
            _writing.Release();
        }
    }

    private sealed record Reading(ImportedTable Table, DatasetProfile Profile, string TableSha256, string? SampleSha256);

    private DatasetVersionRow NewVersion(string fileName, string fileSha256, long bytes, Reading reading) => new()
    {
        FileName = fileName,
        FileSha256 = fileSha256,
        FileBytes = bytes,
        TableSha256 = reading.TableSha256,
        SampleSha256 = reading.SampleSha256,
        CreatedAt = time.GetUtcNow(),
        Options = reading.Table.Options,
        Profile = reading.Profile,
        Problems = reading.Table.Problems,
        ProblemCount = reading.Table.ProblemCount,
        SkippedCount = reading.Table.SkippedCount,
    };

    private async Task<DatasetRow> AddDatasetAsync(DatasetVersionRow version, int workspaceId, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            var row = new DatasetRow { WorkspaceId = workspaceId, Name = await FreeNameAsync(db, StemOf(version.FileName), workspaceId, cancellationToken), CreatedAt = version.CreatedAt };
            db.Datasets.Add(row);
            await db.SaveChangesAsync(cancellationToken);
            await AddVersionAsync(db, row, version, cancellationToken);
            await AuditAsync(db, "dataset.add", row, version, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return row;
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task<DatasetRow?> AddVersionAsync(int datasetId, DatasetVersionRow version, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            if (await db.Datasets.SingleOrDefaultAsync(d => d.Id == datasetId, cancellationToken) is not { } row) return null;
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            await AddVersionAsync(db, row, version, cancellationToken);
            await AuditAsync(db, "dataset.version", row, version, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return row;
        }
        finally
        {
            _writing.Release();
        }
    }

    private static async Task AddVersionAsync(AppDb db, DatasetRow row, DatasetVersionRow version, CancellationToken cancellationToken)
    {
        version.DatasetId = row.Id;
        version.Number = 1 + (await db.DatasetVersions.Where(v => v.DatasetId == row.Id).MaxAsync(v => (int?)v.Number, cancellationToken) ?? 0);
        db.DatasetVersions.Add(version);
        await db.SaveChangesAsync(cancellationToken);
        row.Current = version;
        await db.SaveChangesAsync(cancellationToken);
    }

    private Task AuditAsync(AppDb db, string action, DatasetRow row, DatasetVersionRow version, CancellationToken cancellationToken) =>
        audit.AppendAsync(db, action, Subject(row.Id, row.Name), new { version = version.Number, file = version.FileName, sha256 = version.FileSha256, bytes = version.FileBytes }, cancellationToken: cancellationToken);

    private static string Subject(int id, string? name) => FormattableString.Invariant($"dataset {id} ({name})");

    private async Task<Reading> ReadAsync(string path, CsvOptions? options, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        await _importing.WaitAsync(cancellationToken);
        var (tablePath, samplePath) = (artefacts.NewTemporaryPath(), artefacts.NewTemporaryPath());
        try
        {
            // The table is mostly a fraction of the text; the floor of the disk is not for finding out.
            if (!artefacts.HasRoom(new FileInfo(path).Length / 2)) throw new IOException("The table made from the file would not leave the disk its floor.", DiskSpace.FullResult);
            var (table, profile) = await Task.Factory.StartNew(() => Read(path, options, tablePath, samplePath, progress, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            var tableSha256 = await artefacts.AddAsync(tablePath, cancellationToken);
            return new Reading(table, profile, tableSha256, File.Exists(samplePath) ? await artefacts.AddAsync(samplePath, cancellationToken) : null);
        }
        finally
        {
            _importing.Release();
            File.Delete(tablePath);
            File.Delete(samplePath);
        }
    }

    /// <summary>Writes the table and, where it is larger than pages can take, a sample of it.</summary>
    private static (ImportedTable Table, DatasetProfile Profile) Read(string path, CsvOptions? options, string tablePath, string samplePath, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        // A thread of its own: pages come first.
        Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
        try
        {
            var profile = new ProfileBuilder();
            // Drawing it later would mean to read all of the table again.
            var sampler = new TableSampler(TableCache.MaxRows, TableCache.Seed);
            var table = DatasetImporter.Import(path, options, tablePath, chunk =>
            {
                profile.Add(chunk, cancellationToken);
                sampler.Add(chunk);
            }, progress, cancellationToken);
            if (table.RowCount > TableCache.MaxRows) TableFile.Write(sampler.Build(), samplePath, cancellationToken);
            return (table, profile.Build());
        }
        catch (ArgumentException e) when (e.ParamName == "options")
        {
            // A person chose them; for the reader it is a caller's error.
            throw new CsvFormatException(e.Message.Replace(" (Parameter 'options')", "", StringComparison.Ordinal), e);
        }
        catch (NotSupportedException e)
        {
            // Encodings that the platform knows and refuses for safety, such as utf-7.
            throw new CsvFormatException(e.Message, e);
        }
    }

    /// <summary>The file's name without what says how it is packed: <c>sales.csv.gz</c> is <c>sales</c>.</summary>
    private static string StemOf(string fileName)
    {
        var stem = Path.GetFileNameWithoutExtension(fileName);
        return fileName.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) || fileName.EndsWith(".zip", StringComparison.OrdinalIgnoreCase) ? Path.GetFileNameWithoutExtension(stem) : stem;
    }

    private static string CleanName(string name) => string.Concat(name.Where(c => !char.IsControl(c))).Trim();

    private static async Task<string> FreeNameAsync(AppDb db, string wanted, int workspaceId, CancellationToken cancellationToken)
    {
        wanted = CleanName(wanted);
        if (wanted.Length == 0) wanted = "dataset";
        if (wanted.Length > MaxNameLength) wanted = wanted[..MaxNameLength];
        var name = wanted;
        for (var i = 2; await db.Datasets.AnyAsync(d => d.WorkspaceId == workspaceId && d.Name == name, cancellationToken); i++) name = $"{wanted} ({i})";
        return name;
    }
}

/// <param name="Recipe">The recipe that counts.</param>
/// <param name="UndoCount">Edits that can be undone.</param>
/// <param name="RedoCount">Edits that can be redone.</param>
public sealed record RecipeState(Recipe Recipe, int UndoCount, int RedoCount)
{
    /// <summary>Says which recipe it is: the same for the same steps, whatever came between.</summary>
    public string Tag { get; } = TagOf(Recipe);

    public static string TagOf(Recipe recipe) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(recipe, CoreJson.Options)))[..32];
}

/// <summary>How a change of a recipe ended.</summary>
public enum RecipeChange
{
    Made,

    /// <summary>Another tab or person changed it since it was looked at; it stays as it is now.</summary>
    ChangedMeanwhile,

    NoDataset,
}

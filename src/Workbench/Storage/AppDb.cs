using System.Text.Json;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>The facts: identity, status and one Core record as JSON a row. Bytes live in the <see cref="ArtefactStore"/>.</summary>
/// <remarks>As it is, it is the one of SQLite; <see cref="PostgresDb"/> is the same for PostgreSQL.</remarks>
public class AppDb : IdentityUserContext<UserRow, int>
{
    public AppDb(DbContextOptions<AppDb> options) : base(options) { }

    protected AppDb(DbContextOptions options) : base(options) { }

    public DbSet<WorkspaceRow> Workspaces => Set<WorkspaceRow>();
    public DbSet<MemberRow> Members => Set<MemberRow>();
    public DbSet<DatasetRow> Datasets => Set<DatasetRow>();
    public DbSet<DatasetVersionRow> DatasetVersions => Set<DatasetVersionRow>();
    public DbSet<ImportRow> Imports => Set<ImportRow>();
    public DbSet<RecipeRevisionRow> RecipeRevisions => Set<RecipeRevisionRow>();
    public DbSet<ExperimentRow> Experiments => Set<ExperimentRow>();
    public DbSet<TrialRow> Trials => Set<TrialRow>();
    public DbSet<EndpointRow> Endpoints => Set<EndpointRow>();
    public DbSet<EndpointVersionRow> EndpointVersions => Set<EndpointVersionRow>();
    public DbSet<EndpointKeyRow> EndpointKeys => Set<EndpointKeyRow>();
    public DbSet<EndpointEventRow> EndpointEvents => Set<EndpointEventRow>();
    public DbSet<BatchJobRow> BatchJobs => Set<BatchJobRow>();
    public DbSet<LoggedRow> LoggedRows => Set<LoggedRow>();
    public DbSet<ServingPeriodRow> ServingPeriods => Set<ServingPeriodRow>();
    public DbSet<AlertRow> Alerts => Set<AlertRow>();
    public DbSet<WebhookRow> Webhooks => Set<WebhookRow>();
    public DbSet<WebhookDeliveryRow> WebhookDeliveries => Set<WebhookDeliveryRow>();
    public DbSet<AccessTokenRow> AccessTokens => Set<AccessTokenRow>();
    public DbSet<AssertionRow> Assertions => Set<AssertionRow>();
    public DbSet<AssertionResultRow> AssertionResults => Set<AssertionResultRow>();
    public DbSet<IdempotencyRow> Idempotencies => Set<IdempotencyRow>();
    public DbSet<AuditEntryRow> AuditEntries => Set<AuditEntryRow>();

    protected override void OnModelCreating(ModelBuilder model)
    {
        base.OnModelCreating(model);
        model.Entity<UserRow>().ToTable("Users");
        model.Entity<WorkspaceRow>(row =>
        {
            row.HasIndex(w => w.Name).IsUnique();
            row.HasData(new WorkspaceRow { Id = WorkspaceRow.FirstId, Name = "Workspace", CreatedAt = DateTimeOffset.UnixEpoch });
        });
        model.Entity<MemberRow>(row =>
        {
            row.HasKey(m => new { m.WorkspaceId, m.UserId });
            row.Property(m => m.Role).HasConversion<string>();
            row.HasOne<WorkspaceRow>().WithMany().HasForeignKey(m => m.WorkspaceId).OnDelete(DeleteBehavior.Cascade);
            row.HasOne<UserRow>().WithMany().HasForeignKey(m => m.UserId).OnDelete(DeleteBehavior.Cascade);
        });
        // No foreign keys: SQLite would have to build every one of these tables anew, outside a transaction.
        foreach (var owned in (Type[])[typeof(DatasetRow), typeof(ImportRow), typeof(ExperimentRow), typeof(EndpointRow), typeof(EndpointEventRow), typeof(BatchJobRow)]) model.Entity(owned).HasIndex(nameof(DatasetRow.WorkspaceId));
        model.Entity<DatasetRow>(row =>
        {
            foreach (var forwarded in (string[])[nameof(DatasetRow.Options), nameof(DatasetRow.Profile), nameof(DatasetRow.Problems)]) row.Ignore(forwarded);
            row.HasOne(d => d.Current).WithMany().HasForeignKey(d => d.CurrentVersionId).OnDelete(DeleteBehavior.SetNull);
            row.Navigation(d => d.Current).AutoInclude();
            row.Property(d => d.DismissedWarnings).HasJson();
            // What was written before people could put warnings aside.
            row.Property(d => d.DismissedWarnings).HasDefaultValueSql("'[]'");
        });
        model.Entity<DatasetVersionRow>(row =>
        {
            row.Property(v => v.Options).HasJson();
            row.Property(v => v.Profile).HasJson();
            row.Property(v => v.Problems).HasJson();
            row.HasIndex(v => new { v.DatasetId, v.Number }).IsUnique();
            row.HasOne<DatasetRow>().WithMany().HasForeignKey(v => v.DatasetId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<ImportRow>(row =>
        {
            row.Property(i => i.Options).HasJson();
            row.Property(i => i.Status).HasConversion<string>();
            row.HasOne<DatasetRow>().WithMany().HasForeignKey(i => i.DatasetId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<RecipeRevisionRow>(row =>
        {
            row.Property(r => r.Recipe).HasJson();
            row.HasIndex(r => new { r.DatasetId, r.Number }).IsUnique();
            row.HasOne<DatasetRow>().WithMany().HasForeignKey(r => r.DatasetId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<ExperimentRow>(row =>
        {
            row.Property(e => e.Plan).HasJson();
            row.Property(e => e.Findings).HasJson();
            row.Ignore(e => e.CanGoOn);
            row.Property(e => e.Status).HasConversion<string>();
            // An experiment outlives its dataset: it holds its own copy of the table and the recipe.
            row.HasOne<DatasetRow>().WithMany().HasForeignKey(e => e.DatasetId).OnDelete(DeleteBehavior.SetNull);
        });
        model.Entity<TrialRow>(row =>
        {
            row.Property(t => t.Status).HasConversion<string>();
            row.Property(t => t.Result).HasJson();
            row.Property(t => t.Spec).HasJson();
            row.HasIndex(t => new { t.ExperimentId, t.Number }).IsUnique();
            row.HasOne<ExperimentRow>().WithMany(e => e.Trials).HasForeignKey(t => t.ExperimentId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<EndpointRow>(row =>
        {
            row.HasIndex(e => e.Name).IsUnique();
            row.Property(e => e.Routing).HasJson();
            row.Property(e => e.Settings).HasJson();
            // What was published before traffic could be split.
            row.Property(e => e.Routing).HasDefaultValueSql("'{}'");
            row.Property(e => e.Settings).HasDefaultValueSql("'{}'");
        });
        model.Entity<EndpointEventRow>(row =>
        {
            row.Property(e => e.Kind).HasConversion<string>();
            row.HasIndex(e => new { e.EndpointName, e.At });
        });
        model.Entity<EndpointVersionRow>(row =>
        {
            row.Property(v => v.Comparison).HasJson();
            row.HasIndex(v => new { v.EndpointId, v.Number }).IsUnique();
            row.HasOne<EndpointRow>().WithMany(e => e.Versions).HasForeignKey(v => v.EndpointId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<EndpointKeyRow>(row =>
        {
            row.HasIndex(k => k.Prefix).IsUnique();
            row.Property(k => k.Scopes).HasDefaultValue(EndpointScopes.All).HasSentinel(EndpointScopes.All);
            row.Property(k => k.Name).HasDefaultValue("");
            row.HasOne<EndpointRow>().WithMany(e => e.Keys).HasForeignKey(k => k.EndpointId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<LoggedRow>(row =>
        {
            row.HasIndex(r => new { r.EndpointName, r.At });
            row.HasIndex(r => new { r.EndpointName, r.RequestId });
        });
        model.Entity<ServingPeriodRow>(row =>
        {
            row.Ignore(p => p.Requests);
            row.Property(p => p.Latencies).HasJson();
            row.HasIndex(p => new { p.EndpointName, p.At });
        });
        model.Entity<AlertRow>(row =>
        {
            row.Property(a => a.Kind).HasConversion<string>();
            row.HasIndex(a => new { a.EndpointName, a.RaisedAt });
            row.HasIndex(a => a.WorkspaceId);
        });
        model.Entity<WebhookRow>().HasKey(w => w.EndpointName);
        model.Entity<WebhookDeliveryRow>(row =>
        {
            row.Ignore(d => d.IsDelivered);
            row.HasIndex(d => d.EndpointName);
            row.HasIndex(d => d.NextAt);
        });
        model.Entity<BatchJobRow>(row =>
        {
            row.Property(b => b.Options).HasJson();
            row.Property(b => b.FirstErrors).HasJson();
            row.Property(b => b.Status).HasConversion<string>();
            row.Ignore(b => b.IsOpen);
            row.Ignore(b => b.CanGoOn);
        });
        model.Entity<AssertionRow>(row =>
        {
            row.Property(a => a.Expectation).HasJson();
            row.HasOne<DatasetRow>().WithMany().HasForeignKey(a => a.DatasetId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<AssertionResultRow>(row =>
        {
            row.Property(r => r.Finding).HasJson();
            row.HasIndex(r => new { r.ExperimentId, r.TrialNumber, r.AssertionId }).IsUnique();
            row.HasOne<AssertionRow>().WithMany().HasForeignKey(r => r.AssertionId).OnDelete(DeleteBehavior.Cascade);
            row.HasOne<ExperimentRow>().WithMany().HasForeignKey(r => r.ExperimentId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<AccessTokenRow>(row =>
        {
            row.HasIndex(t => t.Prefix).IsUnique();
            row.Property(t => t.Role).HasConversion<string>();
        });
        model.Entity<IdempotencyRow>(row =>
        {
            row.HasIndex(i => new { i.UserId, i.KeySha256 }).IsUnique();
            row.HasIndex(i => i.At);
        });
        model.Entity<AuditEntryRow>(row =>
        {
            row.Property(e => e.Id).ValueGeneratedNever();
            row.HasIndex(e => e.PreviousHash).IsUnique();
            row.HasIndex(e => e.At);
        });
    }

    // SQLite cannot order by DateTimeOffset; the binary form sorts as UTC does.
    protected override void ConfigureConventions(ModelConfigurationBuilder configuration) =>
        configuration.Properties<DateTimeOffset>().HaveConversion<DateTimeOffsetToBinaryConverter>();
}

/// <summary>A Core record in one text column.</summary>
internal static class JsonColumn
{
    public static void HasJson<T>(this PropertyBuilder<T> property) => property.HasConversion(new Converter<T>(), new Comparer<T>());

    private sealed class Converter<T>() : ValueConverter<T, string>(
        value => JsonSerializer.Serialize(value, CoreJson.Options),
        text => JsonSerializer.Deserialize<T>(text, CoreJson.Options)!);

    // Records are immutable: another value is another object.
    private sealed class Comparer<T>() : ValueComparer<T>((a, b) => ReferenceEquals(a, b), value => value == null ? 0 : value.GetHashCode(), value => value);
}

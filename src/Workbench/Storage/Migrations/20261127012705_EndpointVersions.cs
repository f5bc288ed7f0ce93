using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ModelWorkbench.Workbench.Storage.Migrations
{
    /// <inheritdoc />
    public partial class EndpointVersions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "Comparison",
                table: "EndpointVersions",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "RetiredAt",
                table: "EndpointVersions",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Routing",
                table: "Endpoints",
                type: "TEXT",
                nullable: false,
                defaultValueSql: "'{}'");

            migrationBuilder.AddColumn<string>(
                name: "Settings",
                table: "Endpoints",
                type: "TEXT",
                nullable: false,
                defaultValueSql: "'{}'");

            migrationBuilder.AddColumn<long>(
                name: "ExpiresAt",
                table: "EndpointKeys",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "LastUsedAt",
                table: "EndpointKeys",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Name",
                table: "EndpointKeys",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<int>(
                name: "Scopes",
                table: "EndpointKeys",
                type: "INTEGER",
                nullable: false,
                defaultValue: 7);

            migrationBuilder.CreateTable(
                name: "EndpointEvents",
                columns: table => new
                {
                    Id = table.Column<int>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    EndpointName = table.Column<string>(type: "TEXT", nullable: false),
                    At = table.Column<long>(type: "INTEGER", nullable: false),
                    Who = table.Column<string>(type: "TEXT", nullable: false),
                    Kind = table.Column<string>(type: "TEXT", nullable: false),
                    From = table.Column<string>(type: "TEXT", nullable: true),
                    To = table.Column<string>(type: "TEXT", nullable: true),
                    Why = table.Column<string>(type: "TEXT", nullable: true),
                    LiveVersion = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_EndpointEvents", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_EndpointEvents_EndpointName_At",
                table: "EndpointEvents",
                columns: new[] { "EndpointName", "At" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "EndpointEvents");

            migrationBuilder.DropColumn(
                name: "Comparison",
                table: "EndpointVersions");

            migrationBuilder.DropColumn(
                name: "RetiredAt",
                table: "EndpointVersions");

            migrationBuilder.DropColumn(
                name: "Routing",
                table: "Endpoints");

            migrationBuilder.DropColumn(
                name: "Settings",
                table: "Endpoints");

            migrationBuilder.DropColumn(
                name: "ExpiresAt",
                table: "EndpointKeys");

            migrationBuilder.DropColumn(
                name: "LastUsedAt",
                table: "EndpointKeys");

            migrationBuilder.DropColumn(
                name: "Name",
                table: "EndpointKeys");

            migrationBuilder.DropColumn(
                name: "Scopes",
                table: "EndpointKeys");
        }
    }
}

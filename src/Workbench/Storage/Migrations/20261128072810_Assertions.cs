using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ModelWorkbench.Workbench.Storage.Migrations
{
    /// <inheritdoc />
    public partial class Assertions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<double>(
                name: "Threshold",
                table: "Trials",
                type: "REAL",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "DatasetId",
                table: "EndpointVersions",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<double>(
                name: "Threshold",
                table: "EndpointVersions",
                type: "REAL",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "Assertions",
                columns: table => new
                {
                    Id = table.Column<int>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    DatasetId = table.Column<int>(type: "INTEGER", nullable: false),
                    Target = table.Column<string>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    Expectation = table.Column<string>(type: "TEXT", nullable: false),
                    IsRequired = table.Column<bool>(type: "INTEGER", nullable: false),
                    Version = table.Column<int>(type: "INTEGER", nullable: false),
                    CreatedBy = table.Column<string>(type: "TEXT", nullable: false),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    ChangedBy = table.Column<string>(type: "TEXT", nullable: true),
                    ChangedAt = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Assertions", x => x.Id);
                    table.ForeignKey(
                        name: "FK_Assertions_Datasets_DatasetId",
                        column: x => x.DatasetId,
                        principalTable: "Datasets",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "AssertionResults",
                columns: table => new
                {
                    Id = table.Column<int>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    AssertionId = table.Column<int>(type: "INTEGER", nullable: false),
                    Version = table.Column<int>(type: "INTEGER", nullable: false),
                    ExperimentId = table.Column<int>(type: "INTEGER", nullable: false),
                    TrialNumber = table.Column<int>(type: "INTEGER", nullable: false),
                    OfSha256 = table.Column<string>(type: "TEXT", nullable: false),
                    Finding = table.Column<string>(type: "TEXT", nullable: false),
                    At = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_AssertionResults", x => x.Id);
                    table.ForeignKey(
                        name: "FK_AssertionResults_Assertions_AssertionId",
                        column: x => x.AssertionId,
                        principalTable: "Assertions",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_AssertionResults_Experiments_ExperimentId",
                        column: x => x.ExperimentId,
                        principalTable: "Experiments",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_AssertionResults_AssertionId",
                table: "AssertionResults",
                column: "AssertionId");

            migrationBuilder.CreateIndex(
                name: "IX_AssertionResults_ExperimentId_TrialNumber_AssertionId",
                table: "AssertionResults",
                columns: new[] { "ExperimentId", "TrialNumber", "AssertionId" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Assertions_DatasetId",
                table: "Assertions",
                column: "DatasetId");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "AssertionResults");

            migrationBuilder.DropTable(
                name: "Assertions");

            migrationBuilder.DropColumn(
                name: "Threshold",
                table: "Trials");

            migrationBuilder.DropColumn(
                name: "DatasetId",
                table: "EndpointVersions");

            migrationBuilder.DropColumn(
                name: "Threshold",
                table: "EndpointVersions");
        }
    }
}
